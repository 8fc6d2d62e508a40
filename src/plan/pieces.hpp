#pragma once

#include "layout/block_map.hpp"

#include <tl/expected.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace remit::plan {

/// Tokens [first, first + count) of a request.
struct TokenRange {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    [[nodiscard]] std::uint64_t end() const noexcept { return first + count; }
    bool operator==(const TokenRange&) const = default;
};

/// One side of a transfer: blocks that hold the tokens of a request from `first_token` on.
struct Side {
    const BlockMap& map;
    std::span<const BlockId> table;
    std::uint64_t first_token = 0;
};

/// The largest run of bytes that lies in one row run of one block on both sides.
struct RawPiece {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint64_t bytes = 0;
    std::uint32_t segment = 0;
    BlockId destination_block = 0;
};

/// Blocks of a table that a range touches, in ascending order of their number, with their place in the table.
using BlockOrder = std::vector<std::pair<BlockId, std::uint32_t>>;

/// Checks that all of the table's blocks are inside the map and unique, that the range fits them, and that no address
/// of the map leaves its registration; fills `order`. The error names the values.
[[nodiscard]] tl::expected<void, std::string> order_blocks(const Layout& layout, const Side& side,
                                                           const TokenRange& range, std::string_view name,
                                                           BlockOrder& order);

/// A layout has one segment of each kind at most.
inline constexpr std::size_t kMostSegments = static_cast<std::size_t>(SegmentKind::deepstack_embeddings) + 1;

/// Indices of segments, without heap.
struct SegmentOrder {
    std::array<std::uint32_t, kMostSegments> indices{};
    std::size_t count = 0;
    [[nodiscard]] const std::uint32_t* begin() const noexcept { return indices.data(); }
    [[nodiscard]] const std::uint32_t* end() const noexcept { return indices.data() + count; }
};

/// Segments in ascending order of their base address; the map is one that order_blocks() has accepted.
[[nodiscard]] SegmentOrder order_segments(const BlockMap& map);

/// Calls visit(RawPiece) for the rows of one segment in one destination block, ascending.
template <class Visit>
void visit_block(const Segment& shape, std::uint32_t segment, const Side& source, const Side& destination,
                 const TokenRange& range, std::uint32_t place, Visit&& visit) {
    const std::uint64_t block_first = destination.first_token + place * destination.map.block_size;
    const std::uint64_t first = std::max(range.first, block_first);
    const std::uint64_t end = std::min(range.end(), block_first + destination.map.block_size);
    const BlockId block = destination.table[place];
    for (std::uint32_t plane = 0; plane < shape.planes; ++plane) {
        for (std::uint64_t token = first; token < end;) {
            const std::uint64_t in_source = token - source.first_token;
            const std::uint64_t source_row = in_source % source.map.block_size;
            const std::uint64_t rows = std::min(end - token, source.map.block_size - source_row);
            const BlockId source_block = source.table[in_source / source.map.block_size];
            visit(RawPiece{source.map.address(segment, source_block, plane, source_row, shape.token_bytes),
                           destination.map.address(segment, block, plane, token - block_first, shape.token_bytes),
                           rows * shape.token_bytes, segment, block});
            token += rows;
        }
    }
}

/// Calls visit(RawPiece) for every run of bytes of `range`, in ascending order of destination address.
/// Segments that come once per request are visited only with `aux_source` != 0, for the first block of the table.
template <class Visit>
void visit_pieces(const Layout& layout, const Side& source, const Side& destination, const TokenRange& range,
                  std::uint64_t aux_source, const BlockOrder& order, Visit&& visit) {
    const auto in_block = [&](std::uint32_t segment, std::uint32_t place) {
        const Segment& shape = layout.segments()[segment];
        if (!shape.once_per_request) return visit_block(shape, segment, source, destination, range, place, visit);
        if (place != 0 || aux_source == 0) return;
        const BlockId block = destination.table[0];
        visit(RawPiece{aux_source, destination.map.address(segment, block, 0, 0, shape.token_bytes), shape.token_bytes,
                       segment, block});
    };
    const SegmentOrder segments = order_segments(destination.map);
    if (destination.map.arrangement == Arrangement::slab) {
        for (const auto& [block, place] : order) {
            for (const std::uint32_t segment : segments) in_block(segment, place);
        }
    } else {
        for (const std::uint32_t segment : segments) {
            for (const auto& [block, place] : order) in_block(segment, place);
        }
    }
}

}  // namespace remit::plan
