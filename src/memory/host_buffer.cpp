#include "memory/host_buffer.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

namespace remit::memory {
namespace {

constexpr std::size_t kHugePage = 2u << 20;

}  // namespace

HostBuffer::HostBuffer(std::size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        throw Error(ErrorKind::environment, fmt::format("no {} bytes of host memory for a pool: {}; ask for fewer blocks",
                                                        bytes, std::strerror(errno)));
    }
    data_ = static_cast<std::byte*>(mapped);
    // Fewer pages mean fewer entries in the NIC's translation table; a refusal costs speed alone.
    if (bytes >= kHugePage) madvise(data_, bytes, MADV_HUGEPAGE);
    std::memset(data_, 0, bytes);
}

HostBuffer::~HostBuffer() {
    if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace remit::memory
