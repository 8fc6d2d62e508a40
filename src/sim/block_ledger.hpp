#pragma once

#include "layout/block_map.hpp"
#include "pool/allocator.hpp"
#include "protocol/keys.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace remit::sim {

/// Who owns each byte of a receiver's pool, as told by what the state machine says and does: it offers a block,
/// asks for its round to be made visible, has it copied out, hands it to the user, gives it to the allocator.
class BlockLedger {
public:
    BlockLedger(const Layout& layout, const BlockMap& pool, std::uint64_t start, std::uint64_t bytes);

    /// INIT or RESUME: the round that starts at `first` owns these blocks from now on, if it is new.
    /// Returns true for a new round. @throws Violation where a repeat changes, or a block is not allocated.
    bool offer(const protocol::AttemptKey& attempt, std::uint64_t first, std::span<const BlockId> blocks,
               const pool::BlockAllocator& allocator);
    /// Every immediate of the round is in: nothing of it can land any more.
    void arrived(const protocol::AttemptKey& attempt, std::uint32_t round);
    void copying(const protocol::AttemptKey& attempt, std::uint32_t round, std::span<const BlockId> blocks);
    void kept(std::span<const BlockId> table, std::uint64_t handle);
    /// aux may be read from the first round only, and only while the block is its.
    void check_aux(const protocol::AttemptKey& attempt, BlockId block) const;
    void check_copying(const protocol::AttemptKey& attempt, std::span<const BlockId> blocks) const;
    void check_kept(std::span<const BlockId> table, std::uint64_t handle) const;
    /// A write of a round lands in [address, address + bytes). @throws Violation: write after free.
    void check_landing(const protocol::AttemptKey& attempt, std::uint32_t round, std::uint64_t address,
                       std::uint64_t bytes) const;
    /// A copy has ended, or a user gives blocks back: the state machine frees them next.
    void released(std::span<const BlockId> blocks);
    /// Before an event's actions: blocks that the allocator has back have no owner.
    void take_back(const pool::BlockAllocator& allocator);
    /// After them: every allocated block has an owner. @throws Violation.
    void check_owned(const pool::BlockAllocator& allocator) const;

private:
    enum class Kind : std::uint8_t { free, offered, arrived, copying, kept };
    struct Owner {
        Kind kind = Kind::free;
        protocol::AttemptKey attempt;
        std::uint32_t round = 0;
        std::uint64_t handle = 0;
    };
    struct Offers {
        std::vector<std::uint64_t> firsts;
        std::vector<BlockTable> blocks;
    };
    [[nodiscard]] std::string describe(BlockId block) const;

    std::uint64_t start_;
    std::vector<std::int32_t> block_of_;  ///< by byte; -1: nobody's
    std::vector<Owner> owners_;
    std::map<protocol::AttemptKey, Offers> offers_;
};

}  // namespace remit::sim
