#pragma once

#include "fabric/fabric.hpp"
#include "memory/copy.hpp"
#include "memory/host_buffer.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
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
    RegionRing(fabric::Fabric& fabric, std::uint32_t count, std::uint64_t bytes)
        : bytes_(bytes),
          buffer_(count * bytes),
          region_(fabric.register_memory(buffer_.data(), buffer_.size(), fabric::Access::local)),
          slots_(count) {
        for (std::uint32_t i = 0; i < count; ++i) free_.push_back(i);
    }

    /// True where none is free.
    [[nodiscard]] bool empty() const noexcept { return free_.empty(); }
    /// A region for a new gather, with one user.
    [[nodiscard]] std::uint32_t take() {
        const std::uint32_t index = free_.front();
        free_.pop_front();
        slots_[index].users = 1;
        slots_[index].send = 0;
        return index;
    }
    /// Says what the gather of `ticket` puts into a region, for find(). `send` is never reused and not 0.
    void remember(std::uint32_t index, std::uint64_t send, std::span<const memory::Copy> copies, memory::Ticket ticket) {
        Slot& slot = slots_[index];
        slot.send = send;
        slot.copies.assign(copies.begin(), copies.end());
        slot.ticket = ticket;
    }
    struct Shared {
        std::uint32_t index = 0;
        memory::Ticket ticket = 0;
    };
    /// A region into which just these copies of the same send's source were gathered, or nothing.
    [[nodiscard]] std::optional<Shared> find(std::uint64_t send, std::span<const memory::Copy> copies) const {
        if (send == 0) return std::nullopt;
        for (std::uint32_t i = 0; i < slots_.size(); ++i) {
            const Slot& slot = slots_[i];
            const bool same = slot.send == send &&
                              std::equal(copies.begin(), copies.end(), slot.copies.begin(), slot.copies.end());
            if (same) return Shared{i, slot.ticket};
        }
        return std::nullopt;
    }
    /// What was found has one user more.
    void share(std::uint32_t index) {
        if (slots_[index].users++ == 0) free_.erase(std::find(free_.begin(), free_.end(), index));
    }
    /// One user less.
    void give(std::uint32_t index) {
        if (--slots_[index].users == 0) free_.push_back(index);
    }

    [[nodiscard]] std::uint64_t address(std::uint32_t index) const noexcept {
        return buffer_.address() + index * bytes_;
    }
    [[nodiscard]] std::uint32_t local_key() const noexcept { return region_->local_key(); }

private:
    struct Slot {
        std::uint32_t users = 0;
        std::uint64_t send = 0;            ///< 0: nothing to be found
        std::vector<memory::Copy> copies;  ///< keeps its memory
        memory::Ticket ticket = 0;
    };

    std::uint64_t bytes_;
    memory::HostBuffer buffer_;
    std::unique_ptr<fabric::MemoryRegion> region_;
    std::vector<Slot> slots_;
    std::deque<std::uint32_t> free_;  ///< longest unused first
};

}  // namespace remit::worker::embedding
