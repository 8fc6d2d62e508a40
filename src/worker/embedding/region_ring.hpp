#pragma once

#include "memory/copy.hpp"
#include "memory/provider.hpp"
#include "registration/pool_memory.hpp"

#include <remit/layout.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace remit::worker::embedding {

/// A bounded set of registered send regions: the gather writes them, the NIC reads them. Owned by one thread.
class RegionRing {
public:
    /// Memory of the provider's kind, or pinned memory where the NIC does not reach that.
    RegionRing(fabric::Fabric& fabric, memory::Provider& memory, std::uint32_t count, std::uint64_t bytes,
               GpuDirect gpu_direct);

    /// True where none is free.
    [[nodiscard]] bool empty() const noexcept { return free_.empty(); }
    [[nodiscard]] std::uint32_t take() {
        const std::uint32_t index = free_.back();
        free_.pop_back();
        return index;
    }
    void give(std::uint32_t index) { free_.push_back(index); }

    /// As the copy executor knows it.
    [[nodiscard]] std::uint64_t copy_address(std::uint32_t index) const noexcept {
        return regions_.wire()->copy_address() + index * bytes_;
    }
    /// As the NIC knows it.
    [[nodiscard]] std::uint64_t wire_address(std::uint32_t index) const noexcept {
        return regions_.wire()->address() + index * bytes_;
    }
    [[nodiscard]] std::uint32_t local_key_on(std::uint32_t rail) const noexcept {
        return regions_.region()->local_key_on(rail);
    }

    /// For the length of a submit(): copies that read `aux`, which lies in memory of the CPU alone, read a copy of it in
    /// pinned memory that belongs to the region. Nothing to do where the CPU copies.
    class LentAux {
    public:
        LentAux(RegionRing& regions, std::uint32_t index, std::span<memory::Copy> copies, const Aux& aux);
        ~LentAux() { move(lent_, own_); }
        LentAux(const LentAux&) = delete;
        LentAux& operator=(const LentAux&) = delete;

    private:
        void move(std::uint64_t from, std::uint64_t to) noexcept;

        std::span<memory::Copy> copies_;
        std::uint64_t own_;
        std::uint64_t lent_ = 0;
    };

private:
    std::uint64_t bytes_;
    registration::PoolMemory regions_;
    std::unique_ptr<memory::Buffer> aux_;  ///< one a region; null where the CPU copies
    std::vector<std::uint32_t> free_;
};

}  // namespace remit::worker::embedding
