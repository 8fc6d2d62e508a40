#include "sim/block_ledger.hpp"

#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::sim {
namespace {

std::string name_of(const protocol::AttemptKey& key) {
    return fmt::format("{}.{}.{}", key.session, key.generation, key.attempt);
}

}  // namespace

BlockLedger::BlockLedger(const Layout& layout, const BlockMap& pool, std::uint64_t start, std::uint64_t bytes)
    : start_(start), block_of_(bytes, -1), owners_(pool.blocks) {
    for (BlockId block = 0; block < pool.blocks; ++block) {
        if (pool.arrangement == Arrangement::slab) {  // all of a slab is its block's, the gaps too
            const auto first = block_of_.begin() + static_cast<std::ptrdiff_t>(block * pool.segments[0].block_stride);
            std::fill_n(first, pool.segments[0].block_stride, static_cast<std::int32_t>(block));
            continue;
        }
        for (std::size_t i = 0; i < pool.segments.size(); ++i) {
            const std::uint64_t offset = pool.address(i, block, 0, 0, 0) - start;
            std::fill_n(block_of_.begin() + static_cast<std::ptrdiff_t>(offset),
                        layout.segments()[i].block_bytes(pool.block_size), static_cast<std::int32_t>(block));
        }
    }
}

bool BlockLedger::offer(const protocol::AttemptKey& attempt, std::uint64_t first, std::span<const BlockId> blocks,
                        const pool::BlockAllocator& allocator) {
    Offers& offers = offers_[attempt];
    const auto known = std::find(offers.firsts.begin(), offers.firsts.end(), first);
    if (known != offers.firsts.end()) {
        const BlockTable& before = offers.blocks[static_cast<std::size_t>(known - offers.firsts.begin())];
        if (!std::equal(before.begin(), before.end(), blocks.begin(), blocks.end())) {
            throw Violation(
                fmt::format("attempt {} repeats the round from token {} with other blocks", name_of(attempt), first));
        }
        return false;
    }
    const auto round = static_cast<std::uint32_t>(offers.firsts.size());
    for (const BlockId block : blocks) {
        // A fence may free and an offer take a block within one event; a copy or a user ends by an event of its own.
        if (owners_[block].kind == Kind::copying || owners_[block].kind == Kind::kept) {
            throw Violation(fmt::format("attempt {} offers {}", name_of(attempt), describe(block)));
        }
        if (allocator.state(block) == pool::BlockAllocator::State::free) {
            throw Violation(fmt::format("attempt {} offers block {}, which is free", name_of(attempt), block));
        }
        owners_[block] = {Kind::offered, attempt, round, 0};
    }
    offers.firsts.push_back(first);
    offers.blocks.emplace_back(blocks.begin(), blocks.end());
    return true;
}

void BlockLedger::arrived(const protocol::AttemptKey& attempt, std::uint32_t round) {
    for (Owner& owner : owners_) {
        if (owner.kind == Kind::offered && owner.attempt == attempt && owner.round == round) owner.kind = Kind::arrived;
    }
}

void BlockLedger::copying(const protocol::AttemptKey& attempt, std::uint32_t round, std::span<const BlockId> blocks) {
    for (const BlockId block : blocks) {
        Owner& owner = owners_[block];
        if (owner.kind != Kind::arrived || owner.attempt != attempt || owner.round != round) {
            throw Violation(fmt::format("attempt {} round {} copies out {}", name_of(attempt), round, describe(block)));
        }
        owner.kind = Kind::copying;
    }
}

void BlockLedger::kept(std::span<const BlockId> table, std::uint64_t handle) {
    for (const BlockId block : table) {
        if (owners_[block].kind != Kind::arrived) {
            throw Violation(fmt::format("room {} hands its user {}", handle, describe(block)));
        }
        owners_[block].kind = Kind::kept;
        owners_[block].handle = handle;
    }
}

void BlockLedger::check_aux(const protocol::AttemptKey& attempt, BlockId block) const {
    const Owner& owner = owners_[block];
    // A room that failed meanwhile has given its blocks back; then nobody uses what is read.
    if (owner.kind == Kind::free || owner.attempt != attempt) return;
    if (owner.round != 0) throw Violation(fmt::format("aux read from a later round: {}", describe(block)));
}

void BlockLedger::check_copying(const protocol::AttemptKey& attempt, std::span<const BlockId> blocks) const {
    for (const BlockId block : blocks) {
        if (owners_[block].kind != Kind::copying || owners_[block].attempt != attempt) {
            throw Violation(fmt::format("attempt {} copies out {}", name_of(attempt), describe(block)));
        }
    }
}

void BlockLedger::check_kept(std::span<const BlockId> table, std::uint64_t handle) const {
    for (const BlockId block : table) {
        if (owners_[block].kind != Kind::kept || owners_[block].handle != handle) {
            throw Violation(fmt::format("kept blocks of room {} hold {}", handle, describe(block)));
        }
    }
}

void BlockLedger::check_landing(const protocol::AttemptKey& attempt, std::uint32_t round, std::uint64_t address,
                                std::uint64_t bytes) const {
    for (std::uint64_t i = 0; i < bytes; ++i) {
        const std::uint64_t offset = address + i - start_;
        const std::int32_t block = offset < block_of_.size() ? block_of_[offset] : -1;
        if (block < 0) {
            throw Violation(fmt::format("attempt {} round {} writes to {:#x}, outside every block", name_of(attempt),
                                        round, address + i));
        }
        const Owner& owner = owners_[static_cast<std::size_t>(block)];
        if (owner.kind == Kind::offered && owner.attempt == attempt && owner.round == round) continue;
        throw Violation(fmt::format("WRITE AFTER FREE: attempt {} round {} writes into {}", name_of(attempt), round,
                                    describe(static_cast<BlockId>(block))));
    }
}

void BlockLedger::released(std::span<const BlockId> blocks) {
    for (const BlockId block : blocks) owners_[block] = {};
}

void BlockLedger::take_back(const pool::BlockAllocator& allocator) {
    for (BlockId block = 0; block < owners_.size(); ++block) {
        if (allocator.state(block) == pool::BlockAllocator::State::free) owners_[block] = {};
    }
}

void BlockLedger::check_owned(const pool::BlockAllocator& allocator) const {
    for (BlockId block = 0; block < owners_.size(); ++block) {
        if (allocator.state(block) != pool::BlockAllocator::State::free && owners_[block].kind == Kind::free) {
            throw Violation(fmt::format("block {} is allocated and nobody's", block));
        }
    }
}

std::string BlockLedger::describe(BlockId block) const {
    const Owner& owner = owners_[block];
    const std::string round = fmt::format("attempt {} round {}", name_of(owner.attempt), owner.round);
    switch (owner.kind) {
        case Kind::free: return fmt::format("block {}, which is free", block);
        case Kind::offered: return fmt::format("block {}, offered to {}", block, round);
        case Kind::arrived: return fmt::format("block {}, where {} is complete", block, round);
        case Kind::copying: return fmt::format("block {}, from which {} is copied out", block, round);
        case Kind::kept: return fmt::format("block {}, kept by room {}", block, owner.handle);
    }
    return "";
}

}  // namespace remit::sim
