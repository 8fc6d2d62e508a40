#include "pool/allocator.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <bit>

namespace remit::pool {
namespace {

// How many runs of the exact size class are looked at before a larger one is cut.
constexpr int kFitAttempts = 16;

// Length that a block in use carries while free() looks for blocks named twice.
constexpr std::uint32_t kMarked = 0xffffffffu;

/// No run has length 0; the set bit tells the compiler, which else warns of class -1.
std::size_t size_class(std::uint32_t length) { return static_cast<std::size_t>(std::bit_width(length | 1u)) - 1; }

}  // namespace

BlockAllocator::BlockAllocator(std::uint32_t blocks)
    : runs_(blocks), state_(blocks, State::free), owner_(blocks, 0), free_(blocks) {
    heads_.fill(kNone);
    if (blocks > 0) insert_run(0, blocks);
}

void BlockAllocator::insert_run(BlockId first, std::uint32_t length) noexcept {
    BlockId& head = heads_[size_class(length)];
    runs_[first + length - 1].length = length;
    runs_[first] = {length, head, kNone};
    if (head != kNone) runs_[head].previous = first;
    head = first;
}

void BlockAllocator::remove_run(BlockId first) noexcept {
    const Run run = runs_[first];
    if (run.previous == kNone) {
        heads_[size_class(run.length)] = run.next;
    } else {
        runs_[run.previous].next = run.next;
    }
    if (run.next != kNone) runs_[run.next].previous = run.previous;
}

/// A run of at least `length` blocks, else one of the largest class there is, else kNone.
BlockId BlockAllocator::find_run(std::uint32_t length) const noexcept {
    const std::size_t exact = size_class(length);
    BlockId candidate = heads_[exact];
    for (int i = 0; i < kFitAttempts && candidate != kNone; ++i, candidate = runs_[candidate].next) {
        if (runs_[candidate].length >= length) return candidate;
    }
    for (std::size_t i = exact + 1; i < heads_.size(); ++i) {
        if (heads_[i] != kNone) return heads_[i];
    }
    for (std::size_t i = exact + 1; i-- > 0;) {
        if (heads_[i] != kNone) return heads_[i];
    }
    return kNone;
}

void BlockAllocator::take(BlockId first, std::uint32_t count, std::uint64_t owner, BlockTable& out) {
    const std::uint32_t length = runs_[first].length;
    remove_run(first);
    if (length > count) insert_run(first + count, length - count);
    for (BlockId block = first; block < first + count; ++block) {
        state_[block] = State::allocated;
        owner_[block] = owner;
        runs_[block].length = 0;
        out.push_back(block);
    }
    free_ -= count;
}

bool BlockAllocator::allocate(std::uint32_t count, std::uint64_t owner, BlockTable& out) {
    if (count > free_) return false;
    out.reserve(out.size() + count);
    while (count > 0) {
        const BlockId first = find_run(count);
        const std::uint32_t part = std::min(count, runs_[first].length);
        take(first, part, owner, out);
        count -= part;
    }
    return true;
}

void BlockAllocator::check(BlockId block, const char* action) const {
    if (block >= blocks()) {
        throw Error(ErrorKind::misuse, fmt::format("{} of block {}: foreign, the pool has blocks 0 to {}", action, block,
                                                   static_cast<std::int64_t>(blocks()) - 1));
    }
    if (state_[block] == State::free) {
        throw Error(ErrorKind::misuse, fmt::format("{} of block {}, which is free already (last owner {})", action,
                                                   block, owner_[block]));
    }
}

void BlockAllocator::give_back(BlockId block) noexcept {
    BlockId first = block;
    std::uint32_t length = 1;
    if (block > 0 && state_[block - 1] == State::free) {
        const std::uint32_t before = runs_[block - 1].length;
        first = block - before;
        length += before;
        remove_run(first);
    }
    if (block + 1 < blocks() && state_[block + 1] == State::free) {
        length += runs_[block + 1].length;
        remove_run(block + 1);
    }
    state_[block] = State::free;
    insert_run(first, length);
    ++free_;
}

void BlockAllocator::free(std::span<const BlockId> blocks) {
    // First a look at all of them, so that an error changes nothing; the mark finds one named twice.
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        try {
            check(blocks[i], "free");
            if (runs_[blocks[i]].length == kMarked) {
                throw Error(ErrorKind::misuse, fmt::format("free of block {} twice in one call", blocks[i]));
            }
        } catch (const Error&) {
            for (const BlockId marked : blocks.first(i)) runs_[marked].length = 0;
            throw;
        }
        runs_[blocks[i]].length = kMarked;
    }
    for (const BlockId block : blocks) {
        if (state_[block] == State::quarantined) --quarantined_;
        give_back(block);
    }
}

void BlockAllocator::quarantine(std::span<const BlockId> blocks) {
    for (const BlockId block : blocks) check(block, "quarantine");
    for (const BlockId block : blocks) {
        if (state_[block] == State::quarantined) continue;
        state_[block] = State::quarantined;
        ++quarantined_;
    }
}

std::vector<BlockAllocator::Leak> BlockAllocator::leaks() const {
    std::vector<Leak> found;
    for (BlockId block = 0; block < blocks(); ++block) {
        if (state_[block] != State::free) found.push_back({block, owner_[block], state_[block]});
    }
    return found;
}

}  // namespace remit::pool
