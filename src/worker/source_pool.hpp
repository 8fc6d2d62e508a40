#pragma once

#include "pool/block_pool.hpp"

#include <remit/block_pool.hpp>

#include <mutex>

namespace remit::worker {

/// The embedding worker's blocks as its user sees them. Thread-safe.
class LockedSourcePool final : public SourcePool {
public:
    explicit LockedSourcePool(pool::BlockPool& pool) : pool_(pool) {}

    [[nodiscard]] const Layout& layout() const noexcept override { return pool_.layout(); }
    [[nodiscard]] std::uint32_t blocks() const noexcept override { return pool_.local_map().blocks; }
    [[nodiscard]] std::uint32_t free_blocks() const override;
    BlockTable allocate(std::uint64_t tokens) override;
    void free(const BlockTable& table) override;
    [[nodiscard]] std::byte* row(std::size_t segment, BlockId block, std::uint32_t plane,
                                 std::uint64_t token) override {
        return pool_.row(segment, block, plane, token);
    }
    /// @throws Error(bad_argument) for a table that cannot hold `tokens` or names blocks not allocated.
    void check_table(const BlockTable& table, std::uint64_t tokens) const;

private:
    pool::BlockPool& pool_;
    mutable std::mutex mutex_;  ///< guards the allocator; addresses never change
};

}  // namespace remit::worker
