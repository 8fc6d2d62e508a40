#include "pool/block_pool.hpp"

#include "pool/registrations.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <utility>

namespace remit::pool {
namespace {

std::uint64_t checked_pool_bytes(const Layout& layout, std::uint32_t blocks) {
    if (blocks == 0) throw Error(ErrorKind::bad_argument, "pool blocks is 0; permitted: at least 1");
    return pool_bytes(layout, blocks);
}

registration::PoolMemory allocate(const Layout& layout, std::uint32_t blocks, memory::Provider& provider,
                                  fabric::Fabric& fabric, registration::PoolMemoryOptions options) {
    options.bytes = checked_pool_bytes(layout, blocks);
    return registration::PoolMemory(provider, fabric, options);
}

std::unique_ptr<memory::Buffer> large_enough(const Layout& layout, std::uint32_t blocks,
                                             std::unique_ptr<memory::Buffer> adopted) {
    const std::uint64_t wanted = checked_pool_bytes(layout, blocks);
    if (adopted->bytes() >= wanted) return adopted;
    throw Error(ErrorKind::bad_argument, fmt::format("{} blocks take {} bytes; the adopted memory has {}", blocks,
                                                     wanted, adopted->bytes()));
}

/// The map of a pool at `start`, with that registration for all of it.
BlockMap place(const Layout& layout, std::uint32_t blocks, std::uint64_t start, const Registration& registration) {
    BlockMap map = place_pool(layout, blocks, start);
    map.registrations = {registration};
    for (SegmentMap& segment : map.segments) segment.registration = 0;
    return map;
}

void require_below(std::string_view name, std::uint64_t value, std::uint64_t limit) {
    if (value < limit) return;
    throw Error(ErrorKind::bad_argument, fmt::format("{} is {}; permitted: below {}", name, value, limit));
}

}  // namespace

BlockPool::BlockPool(const Layout& layout, std::uint32_t blocks, memory::Provider& provider, fabric::Fabric& fabric,
                     registration::PoolMemoryOptions options)
    : BlockPool(layout, blocks, allocate(layout, blocks, provider, fabric, std::move(options))) {}

BlockPool::BlockPool(const Layout& layout, std::uint32_t blocks, memory::Provider& provider, fabric::Fabric& fabric,
                     std::unique_ptr<memory::Buffer> adopted, const registration::PoolMemoryOptions& options)
    : BlockPool(layout, blocks,
                registration::PoolMemory(provider, fabric, large_enough(layout, blocks, std::move(adopted)), options)) {}

BlockPool::BlockPool(const Layout& layout, std::uint32_t blocks, registration::PoolMemory memory)
    : layout_(layout),
      memory_(std::move(memory)),
      blocks_map_(place_pool(layout, blocks, memory_.blocks().copy_address())),
      local_map_(blocks_map_),
      remote_map_(place_pool(layout, blocks, memory_.blocks().address())),
      allocator_(blocks) {
    const memory::Buffer* wire = memory_.wire();
    if (wire == nullptr) return;
    const fabric::MemoryRegion& region = *memory_.region();
    remote_map_ = place(layout, blocks, wire->address(), remote_registration(region));
    const bool same_addresses = wire->address() == wire->copy_address();
    local_map_ = same_addresses ? place(layout, blocks, wire->address(), local_registration(region))
                                : place_pool(layout, blocks, wire->copy_address());
}

std::byte* BlockPool::row(std::size_t segment, BlockId block, std::uint32_t plane, std::uint64_t token) const {
    require_below("segment", segment, layout_.segments().size());
    const Segment& shape = layout_.segments()[segment];
    require_below("block", block, blocks_map_.blocks);
    require_below("plane", plane, shape.planes);
    require_below("token", token, shape.rows(layout_.block_size()));
    return reinterpret_cast<std::byte*>(blocks_map_.address(segment, block, plane, token, shape.token_bytes));
}

}  // namespace remit::pool
