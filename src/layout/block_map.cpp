#include "layout/block_map.hpp"

#include "base/checked.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace remit {
namespace {

// Arrays start on pages, slabs and their segments on cache lines: NICs and copies like both.
constexpr std::uint64_t kArrayAlignment = 4096;
constexpr std::uint64_t kSlabAlignment = 64;
constexpr std::uint64_t kMaxPoolBytes = std::uint64_t{1} << 62;

std::uint64_t slab_bytes(const Layout& layout) {
    std::uint64_t bytes = 0;
    for (const Segment& segment : layout.segments()) {
        bytes = align_up(bytes, kSlabAlignment) + segment.block_bytes(layout.block_size());
    }
    return align_up(bytes, kSlabAlignment);
}

std::uint64_t plane_stride(const Segment& segment, std::uint64_t block_size) {
    return segment.rows(block_size) * segment.token_bytes;
}

struct Extent {
    std::uint64_t begin;
    std::uint64_t end;
    std::string_view name;
};

tl::expected<void, std::string> require_disjoint(std::vector<Extent> extents) {
    std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < extents.size(); ++i) {
        if (extents[i].begin >= extents[i - 1].end) continue;
        return tl::unexpected(fmt::format("segments {} and {} overlap at address {:#x}", extents[i - 1].name,
                                          extents[i].name, extents[i].begin));
    }
    return {};
}

/// End of a segment's last block, or nothing on overflow.
std::optional<std::uint64_t> segment_end(const SegmentMap& map, std::uint32_t blocks, std::uint64_t block_bytes) {
    const auto last = checked_mul(blocks - 1u, map.block_stride);
    if (!last) return std::nullopt;
    const auto begin = checked_add(map.base, *last);
    return begin ? checked_add(*begin, block_bytes) : std::nullopt;
}

tl::expected<void, std::string> validate_segment(const Segment& segment, const SegmentMap& placed, const BlockMap& map) {
    const std::string_view name = to_string(segment.kind);
    if (!checked_block_bytes(segment, map.block_size)) {
        return tl::unexpected(fmt::format("block size is {}; a block of {} passes 64 bits", map.block_size, name));
    }
    const std::uint64_t block_bytes = segment.block_bytes(map.block_size);
    if (placed.plane_stride != plane_stride(segment, map.block_size)) {
        return tl::unexpected(fmt::format("plane stride of {} is {}; the block size makes it {}", name,
                                          placed.plane_stride, plane_stride(segment, map.block_size)));
    }
    if (map.blocks > 1 && placed.block_stride < block_bytes) {
        return tl::unexpected(
            fmt::format("block stride of {} is {}; a block has {} bytes", name, placed.block_stride, block_bytes));
    }
    const auto end = segment_end(placed, map.blocks, block_bytes);
    if (!end) {
        return tl::unexpected(fmt::format("{} at {:#x} with {} blocks of stride {} passes the end of the address space",
                                          name, placed.base, map.blocks, placed.block_stride));
    }
    if (placed.registration >= map.registrations.size()) {
        return tl::unexpected(fmt::format("{} names registration {}; there are {}", name, placed.registration,
                                          map.registrations.size()));
    }
    const Registration& registration = map.registrations[placed.registration];
    const auto registration_end = checked_add(registration.address, registration.length);
    if (!registration_end || placed.base < registration.address || *end > *registration_end) {
        return tl::unexpected(fmt::format("{} [{:#x}, {:#x}) is not inside its registration of {} bytes at {:#x}", name,
                                          placed.base, *end, registration.length, registration.address));
    }
    return {};
}

tl::expected<void, std::string> validate_disjoint(const Layout& layout, const BlockMap& map) {
    std::vector<Extent> extents;
    const bool slab = map.arrangement == Arrangement::slab;
    for (std::size_t i = 0; i < map.segments.size(); ++i) {
        const Segment& segment = layout.segments()[i];
        const SegmentMap& placed = map.segments[i];
        const std::uint64_t block_bytes = segment.block_bytes(map.block_size);
        const std::uint64_t end =
            slab ? placed.base + block_bytes : segment_end(placed, map.blocks, block_bytes).value();
        extents.push_back({placed.base, end, to_string(segment.kind)});
        if (slab && placed.block_stride != map.segments[0].block_stride) {
            return tl::unexpected(fmt::format("slab with unequal strides: {} has {}, embeddings {}",
                                              to_string(segment.kind), placed.block_stride,
                                              map.segments[0].block_stride));
        }
    }
    if (slab && map.blocks > 1) {
        // A slab reaches from its first segment to the end of its last one; the next must not begin inside it.
        const auto by_begin = [](const Extent& a, const Extent& b) { return a.begin < b.begin; };
        const auto by_end = [](const Extent& a, const Extent& b) { return a.end < b.end; };
        const Extent first = *std::min_element(extents.begin(), extents.end(), by_begin);
        const Extent last = *std::max_element(extents.begin(), extents.end(), by_end);
        if (last.end - first.begin > map.segments[0].block_stride) {
            return tl::unexpected(fmt::format("slabs overlap: from {} to the end of {} are {} bytes, the stride is {}",
                                              first.name, last.name, last.end - first.begin,
                                              map.segments[0].block_stride));
        }
    }
    return require_disjoint(std::move(extents));
}

}  // namespace

std::optional<std::uint64_t> checked_block_bytes(const Segment& segment, std::uint64_t block_size) noexcept {
    const auto plane = checked_mul(segment.rows(block_size), segment.token_bytes);
    return plane ? checked_mul(*plane, segment.planes) : std::nullopt;
}

std::uint64_t pool_bytes(const Layout& layout, std::uint32_t blocks) {
    // Bounded at each step, so that rounding up to a page cannot wrap.
    const auto bounded = [](std::optional<std::uint64_t> bytes) {
        return bytes && *bytes <= kMaxPoolBytes ? bytes : std::nullopt;
    };
    std::optional<std::uint64_t> bytes = 0;
    if (layout.shape().arrangement == Arrangement::slab) {
        bytes = bounded(checked_mul(slab_bytes(layout), blocks));
    } else {
        for (const Segment& segment : layout.segments()) {
            const auto array = bounded(checked_mul(segment.block_bytes(layout.block_size()), blocks));
            bytes = array && bytes ? bounded(align_up(*bytes, kArrayAlignment) + *array) : std::nullopt;
        }
    }
    if (!bytes) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("a pool of {} blocks of {} bytes is larger than an address space", blocks,
                                layout.block_bytes()));
    }
    return align_up(*bytes, kArrayAlignment);
}

BlockMap place_pool(const Layout& layout, std::uint32_t blocks, std::uint64_t start) {
    BlockMap map{blocks, layout.block_size(), layout.shape().arrangement, {}, {}};
    const bool slab = map.arrangement == Arrangement::slab;
    const std::uint64_t stride = slab_bytes(layout);
    std::uint64_t offset = 0;
    for (const Segment& segment : layout.segments()) {
        const std::uint64_t bytes = segment.block_bytes(layout.block_size());
        offset = align_up(offset, slab ? kSlabAlignment : kArrayAlignment);
        map.segments.push_back(
            {start + offset, slab ? stride : bytes, plane_stride(segment, layout.block_size()), kUnregistered});
        offset += slab ? bytes : bytes * blocks;
    }
    return map;
}

void place_tensors(const Layout& layout, std::uint64_t tokens, std::span<const std::uint64_t> bases, BlockMap& map) {
    map.blocks = 1;
    map.block_size = tokens;
    map.arrangement = Arrangement::segments;
    map.segments.clear();
    map.registrations.clear();
    for (std::size_t i = 0; i < layout.segments().size(); ++i) {
        const Segment& segment = layout.segments()[i];
        map.segments.push_back(
            {bases[i], segment.block_bytes(tokens), plane_stride(segment, tokens), kUnregistered});
    }
}

BlockMap place_tensors(const Layout& layout, std::uint64_t tokens, std::span<const std::uint64_t> bases) {
    BlockMap map;
    place_tensors(layout, tokens, bases, map);
    return map;
}

tl::expected<void, std::string> validate_map(const Layout& layout, const BlockMap& map) {
    if (map.blocks == 0) return tl::unexpected(std::string("a pool of 0 blocks"));
    if (map.block_size == 0) return tl::unexpected(std::string("block size is 0; permitted: at least 1"));
    if (map.segments.size() != layout.segments().size()) {
        return tl::unexpected(
            fmt::format("{} segments are placed; the layout has {}", map.segments.size(), layout.segments().size()));
    }
    for (std::size_t i = 0; i < map.segments.size(); ++i) {
        if (auto valid = validate_segment(layout.segments()[i], map.segments[i], map); !valid) return valid;
    }
    return validate_disjoint(layout, map);
}

}  // namespace remit
