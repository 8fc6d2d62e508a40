#pragma once

#include "fabric/fabric.hpp"
#include "layout/block_map.hpp"
#include "memory/host_buffer.hpp"
#include "pool/allocator.hpp"

#include <remit/layout.hpp>

#include <memory>

namespace remit::pool {

/// Registered memory that holds N blocks of a layout, and their allocator. Registered once in its life.
/// Owned by one thread.
class BlockPool {
public:
    /// Allocates, zeroes and registers the memory.
    /// @throws Error(bad_argument) for 0 blocks, Error(environment) where memory or registration fail.
    BlockPool(const Layout& layout, std::uint32_t blocks, fabric::Fabric& fabric, fabric::Access access);

    [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
    /// Addresses with the local key.
    [[nodiscard]] const BlockMap& local_map() const noexcept { return local_map_; }
    /// Addresses with the remote key: what a peer is told.
    [[nodiscard]] const BlockMap& remote_map() const noexcept { return remote_map_; }
    [[nodiscard]] BlockAllocator& allocator() noexcept { return allocator_; }

    /// Address of one token's row. @throws Error(bad_argument) where an index is out of range.
    [[nodiscard]] std::byte* row(std::size_t segment, BlockId block, std::uint32_t plane, std::uint64_t token) const;

private:
    Layout layout_;
    memory::HostBuffer buffer_;
    std::unique_ptr<fabric::MemoryRegion> region_;
    BlockMap local_map_;
    BlockMap remote_map_;
    BlockAllocator allocator_;
};

}  // namespace remit::pool
