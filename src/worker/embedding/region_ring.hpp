#pragma once

#include "memory/copy.hpp"
#include "memory/provider.hpp"
#include "registration/pool_memory.hpp"

#include <remit/layout.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace remit::worker::embedding {

/// A bounded set of registered send regions: the gather writes them, the NIC reads them. A region may serve several
/// users at once, and what it holds can be found again until another gather takes it, which takes the region longest
/// unused. So language workers that want the same tokens, less than the ring apart, share one gather. Owned by one thread.
class RegionRing {
public:
    /// Memory of the provider's kind, or pinned memory where the NIC does not reach that.
    RegionRing(fabric::Fabric& fabric, memory::Provider& memory, std::uint32_t count, std::uint64_t bytes,
               GpuDirect gpu_direct);

    /// True where none is free.
    [[nodiscard]] bool empty() const noexcept { return free_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
    [[nodiscard]] std::size_t busy() const noexcept { return slots_.size() - free_.size(); }
    /// A region for a new gather, with one user.
    [[nodiscard]] std::uint32_t take();
    /// Says what the gather of `ticket` puts into a region, for find(). `send` is never reused and not 0.
    void remember(std::uint32_t index, std::uint64_t send, std::span<const memory::Copy> copies, memory::Ticket ticket);
    struct Shared {
        std::uint32_t index = 0;
        memory::Ticket ticket = 0;
    };
    /// A region into which just these copies of the same send's source were gathered, or nothing.
    [[nodiscard]] std::optional<Shared> find(std::uint64_t send, std::span<const memory::Copy> copies) const;
    /// What was found has one user more.
    void share(std::uint32_t index);
    /// One user less.
    void give(std::uint32_t index);

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
    struct Slot {
        std::uint32_t users = 0;
        std::uint64_t send = 0;            ///< 0: nothing to be found
        std::vector<memory::Copy> copies;  ///< keeps its memory
        memory::Ticket ticket = 0;
    };

    std::uint64_t bytes_;
    registration::PoolMemory regions_;
    std::unique_ptr<memory::Buffer> aux_;  ///< one a region; null where the CPU copies
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;  ///< longest unused first; a handful, so that moving them costs nothing
};

}  // namespace remit::worker::embedding
