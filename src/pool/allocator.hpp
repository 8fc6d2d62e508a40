#pragma once

#include <remit/types.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace remit::pool {

/// Hands out the blocks of a pool. Neighbouring blocks are preferred, since they make fewer writes.
///
/// Free runs are kept as boundary tags (a run's length stands at both of its ends) in lists by size class, so that
/// taking a run and giving a block back cost O(1) and no heap. Owned by one thread.
class BlockAllocator {
public:
    enum class State : std::uint8_t { free, allocated, quarantined };

    struct Leak {
        BlockId block;
        std::uint64_t owner;
        State state;
    };

    explicit BlockAllocator(std::uint32_t blocks);

    [[nodiscard]] std::uint32_t blocks() const noexcept { return static_cast<std::uint32_t>(owner_.size()); }
    [[nodiscard]] std::uint32_t free_blocks() const noexcept { return free_; }
    [[nodiscard]] std::uint32_t quarantined_blocks() const noexcept { return quarantined_; }
    [[nodiscard]] State state(BlockId block) const { return state_.at(block); }

    /// Appends `count` blocks to `out`, tagged with `owner`; false, and nothing taken, where fewer are free.
    [[nodiscard]] bool allocate(std::uint32_t count, std::uint64_t owner, BlockTable& out);

    /// Gives blocks back, quarantined ones too.
    /// @throws Error(misuse) naming the block and its state on a double free or a foreign block; nothing is freed then.
    void free(std::span<const BlockId> blocks);

    /// Marks allocated blocks into which a peer may still write; they are handed out to nobody until free().
    /// @throws Error(misuse) for a block that is not allocated.
    void quarantine(std::span<const BlockId> blocks);

    /// Every block that is not free, with its owner.
    [[nodiscard]] std::vector<Leak> leaks() const;

private:
    static constexpr std::uint32_t kNone = 0xffffffffu;

    void insert_run(BlockId first, std::uint32_t length) noexcept;
    void remove_run(BlockId first) noexcept;
    [[nodiscard]] BlockId find_run(std::uint32_t length) const noexcept;
    void take(BlockId first, std::uint32_t count, std::uint64_t owner, BlockTable& out);
    void give_back(BlockId block) noexcept;
    void check(BlockId block, const char* action) const;

    struct Run {
        std::uint32_t length = 0;  ///< at the first and the last block of a free run
        BlockId next = kNone;
        BlockId previous = kNone;
    };

    std::vector<Run> runs_;
    std::vector<State> state_;
    std::vector<std::uint64_t> owner_;
    std::array<BlockId, 32> heads_;  ///< first run of each size class: lengths [2^i, 2^(i+1))
    std::uint32_t free_ = 0;
    std::uint32_t quarantined_ = 0;
};

}  // namespace remit::pool
