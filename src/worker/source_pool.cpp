#include "worker/source_pool.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::worker {

std::uint32_t LockedSourcePool::free_blocks() const {
    const std::lock_guard lock(mutex_);
    return pool_.allocator().free_blocks();
}

BlockTable LockedSourcePool::allocate(std::uint64_t tokens) {
    const std::uint64_t wanted = layout().blocks_for(tokens);
    BlockTable table;
    const std::lock_guard lock(mutex_);
    const std::uint32_t free = pool_.allocator().free_blocks();
    if (wanted > free || !pool_.allocator().allocate(static_cast<std::uint32_t>(wanted), 0, table)) {
        throw Error(ErrorKind::exhausted,
                    fmt::format("{} tokens need {} blocks; {} of {} are free: wait for sends to end or enlarge the pool",
                                tokens, wanted, free, blocks()));
    }
    return table;
}

void LockedSourcePool::free(const BlockTable& table) {
    const std::lock_guard lock(mutex_);
    pool_.allocator().free(table);
}

void LockedSourcePool::check_table(const BlockTable& table, std::uint64_t tokens) const {
    const std::uint64_t needed = layout().blocks_for(tokens);
    if (table.size() < needed) {
        throw Error(ErrorKind::bad_argument, fmt::format("{} tokens need {} source blocks; the table has {}", tokens,
                                                         needed, table.size()));
    }
    BlockTable sorted = table;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) {
        throw Error(ErrorKind::bad_argument, fmt::format("source block {} is named twice", *twice));
    }
    const std::lock_guard lock(mutex_);
    for (const BlockId block : sorted) {
        if (block < blocks() && pool_.allocator().state(block) == pool::BlockAllocator::State::allocated) continue;
        throw Error(ErrorKind::bad_argument,
                    fmt::format("source block {} is not allocated; the pool has blocks 0 to {}", block, blocks() - 1));
    }
}

}  // namespace remit::worker
