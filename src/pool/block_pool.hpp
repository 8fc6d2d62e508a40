#pragma once

#include "layout/block_map.hpp"
#include "pool/allocator.hpp"
#include "registration/pool_memory.hpp"

#include <remit/layout.hpp>

#include <cstddef>
#include <memory>

namespace remit::pool {

/// Memory that holds N blocks of a layout, registered once in its life where the NIC is to reach it, and the blocks'
/// allocator. Owned by one thread.
class BlockPool {
public:
    /// Allocates, zeroes and registers the memory. `options.bytes` is not used.
    /// @throws Error(bad_argument) for 0 blocks, Error(environment) where memory or registration fail.
    BlockPool(const Layout& layout, std::uint32_t blocks, memory::Provider& provider, fabric::Fabric& fabric,
              registration::PoolMemoryOptions options);
    /// In adopted memory, from its first byte. @throws Error(bad_argument) where it is too small.
    BlockPool(const Layout& layout, std::uint32_t blocks, memory::Provider& provider, fabric::Fabric& fabric,
              std::unique_ptr<memory::Buffer> adopted, const registration::PoolMemoryOptions& options);

    [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
    /// What copies read: the memory the NIC writes where there is any, else the blocks; in the executor's addresses.
    /// With the local key where the NIC knows those addresses too.
    [[nodiscard]] const BlockMap& local_map() const noexcept { return local_map_; }
    /// Where the user's blocks lie, in the executor's addresses, without registrations: local_map()'s places, unless
    /// the NIC writes a mirror of them.
    [[nodiscard]] const BlockMap& blocks_map() const noexcept { return blocks_map_; }
    /// Addresses with the remote key: what a peer is told. Without registrations where nothing is registered.
    [[nodiscard]] const BlockMap& remote_map() const noexcept { return remote_map_; }
    [[nodiscard]] const registration::PoolMemory& memory() const noexcept { return memory_; }
    [[nodiscard]] BlockAllocator& allocator() noexcept { return allocator_; }

    /// Address of one token's row in the user's blocks; memory of a GPU where they lie there.
    /// @throws Error(bad_argument) where an index is out of range.
    [[nodiscard]] std::byte* row(std::size_t segment, BlockId block, std::uint32_t plane, std::uint64_t token) const;

private:
    BlockPool(const Layout& layout, std::uint32_t blocks, registration::PoolMemory memory);

    Layout layout_;
    registration::PoolMemory memory_;
    BlockMap blocks_map_;
    BlockMap local_map_;
    BlockMap remote_map_;
    BlockAllocator allocator_;
};

}  // namespace remit::pool
