#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace remit::memory {

/// Page-aligned, zeroed host memory, touched at once so that no page fault comes later. Move-only.
class HostBuffer {
public:
    HostBuffer() = default;
    /// @throws Error(environment) naming the size where the machine has not that much.
    explicit HostBuffer(std::size_t bytes);
    ~HostBuffer();
    HostBuffer(HostBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    HostBuffer& operator=(HostBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }

    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_; }
    [[nodiscard]] std::uint64_t address() const noexcept { return reinterpret_cast<std::uintptr_t>(data_); }

private:
    std::byte* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace remit::memory
