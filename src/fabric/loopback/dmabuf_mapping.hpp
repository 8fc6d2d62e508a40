#pragma once

#include "fabric/fabric.hpp"

#include <cstdint>
#include <utility>

namespace remit::fabric::loopback {

/// A dma-buf mapped for the CPU. Move-only.
class DmabufMapping {
public:
    DmabufMapping() = default;
    /// Not valid where the kernel refuses; error() says why.
    explicit DmabufMapping(const DmabufRange& range) noexcept;
    ~DmabufMapping();
    DmabufMapping(DmabufMapping&& other) noexcept { swap(other); }
    DmabufMapping& operator=(DmabufMapping&& other) noexcept {
        swap(other);
        return *this;
    }

    [[nodiscard]] bool valid() const noexcept { return mapped_ != nullptr; }
    [[nodiscard]] int error() const noexcept { return error_; }
    /// Address of the range's first byte.
    [[nodiscard]] std::uint64_t data() const noexcept;

private:
    void swap(DmabufMapping& other) noexcept {
        std::swap(mapped_, other.mapped_);
        std::swap(bytes_, other.bytes_);
        std::swap(lead_, other.lead_);
        std::swap(error_, other.error_);
    }

    void* mapped_ = nullptr;
    std::uint64_t bytes_ = 0;
    std::uint64_t lead_ = 0;  ///< of the page before the range's first byte
    int error_ = 0;
};

}  // namespace remit::fabric::loopback
