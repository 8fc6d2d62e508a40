#include "pool/block_pool.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

namespace remit::pool {
namespace {

std::uint64_t checked_pool_bytes(const Layout& layout, std::uint32_t blocks) {
    if (blocks == 0) throw Error(ErrorKind::bad_argument, "pool blocks is 0; permitted: at least 1");
    return pool_bytes(layout, blocks);
}

BlockMap registered(BlockMap map, const Registration& registration) {
    map.registrations = {registration};
    for (SegmentMap& segment : map.segments) segment.registration = 0;
    return map;
}

void require_below(std::string_view name, std::uint64_t value, std::uint64_t limit) {
    if (value < limit) return;
    throw Error(ErrorKind::bad_argument, fmt::format("{} is {}; permitted: below {}", name, value, limit));
}

}  // namespace

BlockPool::BlockPool(const Layout& layout, std::uint32_t blocks, fabric::Fabric& fabric, fabric::Access access)
    : layout_(layout),
      buffer_(checked_pool_bytes(layout, blocks)),
      region_(fabric.register_memory(buffer_.data(), buffer_.size(), access)),
      allocator_(blocks) {
    const BlockMap placed = place_pool(layout, blocks, buffer_.address());
    local_map_ = registered(placed, {region_->address(), region_->length(), region_->local_key()});
    remote_map_ = registered(placed, {region_->address(), region_->length(), region_->remote_key()});
}

std::byte* BlockPool::row(std::size_t segment, BlockId block, std::uint32_t plane, std::uint64_t token) const {
    require_below("segment", segment, layout_.segments().size());
    const Segment& shape = layout_.segments()[segment];
    require_below("block", block, local_map_.blocks);
    require_below("plane", plane, shape.planes);
    require_below("token", token, shape.rows(layout_.block_size()));
    return reinterpret_cast<std::byte*>(local_map_.address(segment, block, plane, token, shape.token_bytes));
}

}  // namespace remit::pool
