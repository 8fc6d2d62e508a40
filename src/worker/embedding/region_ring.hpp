#pragma once

#include "fabric/fabric.hpp"
#include "memory/host_buffer.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace remit::worker::embedding {

/// A bounded set of registered send regions: the gather writes them, the NIC reads them. Owned by one thread.
class RegionRing {
public:
    RegionRing(fabric::Fabric& fabric, std::uint32_t count, std::uint64_t bytes)
        : bytes_(bytes),
          buffer_(count * bytes),
          region_(fabric.register_memory(buffer_.data(), buffer_.size(), fabric::Access::local)) {
        for (std::uint32_t i = count; i-- > 0;) free_.push_back(i);
    }

    /// True where none is free.
    [[nodiscard]] bool empty() const noexcept { return free_.empty(); }
    [[nodiscard]] std::uint32_t take() {
        const std::uint32_t index = free_.back();
        free_.pop_back();
        return index;
    }
    void give(std::uint32_t index) { free_.push_back(index); }

    [[nodiscard]] std::uint64_t address(std::uint32_t index) const noexcept {
        return buffer_.address() + index * bytes_;
    }
    [[nodiscard]] std::uint32_t local_key() const noexcept { return region_->local_key(); }

private:
    std::uint64_t bytes_;
    memory::HostBuffer buffer_;
    std::unique_ptr<fabric::MemoryRegion> region_;
    std::vector<std::uint32_t> free_;
};

}  // namespace remit::worker::embedding
