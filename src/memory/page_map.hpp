#pragma once

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

namespace remit::memory {

/// Anonymous memory of whole pages, zeroed and touched at once, so that no page fault comes later and pages lie where they
/// were asked for. Move-only. A header of its own, since cuda/ links nothing of this folder.
class PageMap {
public:
    PageMap() = default;
    /// On that NUMA node where it has room; -1: anywhere. Not valid() where the machine has not that much: see error().
    explicit PageMap(std::size_t bytes, int numa_node = -1) noexcept : bytes_(bytes) {
        if (bytes == 0) return;
        void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED) {
            error_ = errno;
            return;
        }
        data_ = static_cast<std::byte*>(mapped);
        // Fewer pages mean fewer entries in the NIC's translation table; a refusal costs speed alone.
        if (bytes >= kHugePage) ::madvise(data_, bytes, MADV_HUGEPAGE);
        if (numa_node >= 0) bind(numa_node);
        std::memset(data_, 0, bytes);
    }
    ~PageMap() {
        if (data_ != nullptr) ::munmap(data_, bytes_);
    }
    PageMap(PageMap&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          bytes_(std::exchange(other.bytes_, 0)),
          error_(other.error_),
          bind_error_(other.bind_error_) {}
    PageMap& operator=(PageMap&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        std::swap(error_, other.error_);
        std::swap(bind_error_, other.bind_error_);
        return *this;
    }

    [[nodiscard]] bool valid() const noexcept { return data_ != nullptr || bytes_ == 0; }
    [[nodiscard]] int error() const noexcept { return error_; }  ///< errno of mmap
    /// errno of mbind where the node was refused, as in containers that forbid the call.
    [[nodiscard]] int bind_error() const noexcept { return bind_error_; }
    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_; }
    /// The node that the page at `offset` lies on; -1 where the kernel does not say.
    [[nodiscard]] int node_of(std::size_t offset) const noexcept {
        int node = -1;
        const long result = ::syscall(SYS_get_mempolicy, &node, nullptr, 0UL, data_ + offset, MPOL_F_NODE | MPOL_F_ADDR);
        return result == 0 ? node : -1;
    }

private:
    static constexpr std::size_t kHugePage = 2u << 20;
    static constexpr std::size_t kMaxNode = 1024;

    // Preferred, not strict: with strict binding a full node ends the process at the first touch. node_of() tells.
    void bind(int node) noexcept {
        constexpr std::size_t kBits = sizeof(unsigned long) * CHAR_BIT;
        unsigned long mask[kMaxNode / kBits] = {};
        const auto bit = static_cast<std::size_t>(node);
        if (bit >= kMaxNode) {
            bind_error_ = EINVAL;
            return;
        }
        mask[bit / kBits] |= 1UL << (bit % kBits);
        if (::syscall(SYS_mbind, data_, bytes_, MPOL_PREFERRED, mask, kMaxNode, 0U) != 0) bind_error_ = errno;
    }

    std::byte* data_ = nullptr;
    std::size_t bytes_ = 0;
    int error_ = 0;
    int bind_error_ = 0;
};

}  // namespace remit::memory
