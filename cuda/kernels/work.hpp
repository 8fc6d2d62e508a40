#pragma once

#include "kernels/batch.hpp"

#include <cstdint>

/// Who copies what: from block and thread to tile, span, slot, piece, addresses and widths. Pure functions of both
/// sides, so that the tests can walk every thread of a grid on the CPU.
namespace remit::gpu {

struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

template <class Shape>
REMIT_HOST_DEVICE constexpr std::uint32_t tiles_of(std::uint32_t slots) {
    return (slots + Shape::tile_slots - 1) / Shape::tile_slots;
}

/// The grid: no more blocks than tiles or than the budget, but one at least, since an empty batch counts too.
template <class Shape>
REMIT_HOST_DEVICE constexpr std::uint32_t grid_of(std::uint32_t slots, std::uint32_t budget) {
    const std::uint32_t tiles = tiles_of<Shape>(slots);
    const std::uint32_t blocks = tiles < budget ? tiles : budget;
    return blocks == 0 ? 1 : blocks;
}

/// Every so many-th tile.
struct Deal {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
    std::uint32_t step = 1;
};

/// Tiles are dealt out in turn: those with many small pieces lie together and take several times as long as others, and no
/// block is to get them all. Blocks differ by one tile at most.
REMIT_HOST_DEVICE constexpr Deal tiles_of_block(std::uint32_t tiles, std::uint32_t block, std::uint32_t blocks) {
    return {block, tiles, blocks};
}

/// The slots of a warp in a tile; empty behind the end of the batch.
template <class Shape>
REMIT_HOST_DEVICE constexpr Range span_of(std::uint32_t tile, std::uint32_t thread, std::uint32_t slots) {
    const std::uint32_t begin = tile * Shape::tile_slots + thread / Shape::lanes * Shape::span_slots;
    const std::uint32_t end = begin + Shape::span_slots;
    return {begin < slots ? begin : slots, end < slots ? end : slots};
}

/// How the bytes of a whole slot are read. Its store is always one of 16 bytes.
enum class Mode : std::uint32_t {
    zeros,
    wide,    ///< one load of 16 bytes
    eight,   ///< two of 8
    funnel,  ///< two of 16, shifted into one
    four,
    two,
    one,
};

REMIT_HOST_DEVICE constexpr Mode narrow_mode(std::uint32_t misalignment) {
    if (misalignment == 0) return Mode::wide;
    if (misalignment % 8 == 0) return Mode::eight;
    if (misalignment % 4 == 0) return Mode::four;
    return misalignment % 2 == 0 ? Mode::two : Mode::one;
}

/// A piece with everything said: byte k of its first slot would be read from `source` + k and written to
/// `destination` + k, but in the first slot only from `head` on, and in the last only before `tail`.
struct PieceView {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;  ///< a multiple of 16
    std::uint32_t begin = 0;        ///< first slot in the batch
    std::uint32_t end = 0;
    std::uint32_t head = 0;  ///< 0 to 15
    std::uint32_t tail = 0;  ///< 1 to 16
    Mode mode = Mode::zeros;
};

REMIT_HOST_DEVICE constexpr Mode mode_of(std::uint64_t source, std::uint64_t destination, std::uint64_t bytes) {
    const auto misalignment = static_cast<std::uint32_t>((source - destination) % kSlotBytes);
    const bool funnel = misalignment % 8 != 0 && bytes >= kFunnelBytes;
    return funnel ? Mode::funnel : narrow_mode(misalignment);
}

REMIT_HOST_DEVICE constexpr PieceView view_of(const BatchHeader& header, const Piece* pieces, std::uint32_t index) {
    const Piece piece = pieces[index];
    const PieceEnd end = end_of(piece);
    const std::uint64_t destination = header.destination_base + destination_offset(piece);
    const auto head = static_cast<std::uint32_t>(destination % kSlotBytes);
    PieceView view;
    view.destination = destination - head;
    view.begin = index == 0 ? 0 : end_of(pieces[index - 1]).slot;
    view.end = end.slot;
    view.head = head;
    view.tail = end.tail;
    if (source_offset(piece) == 0) return view;
    const std::uint64_t source = header.source_base + source_offset(piece);
    const std::uint64_t bytes = std::uint64_t{view.end - view.begin - 1} * kSlotBytes + view.tail - head;
    view.source = source - head;
    view.mode = mode_of(source, destination, bytes);
    return view;
}

/// The piece that holds `slot`, among those from `first` on; the caller knows that none before it does.
REMIT_HOST_DEVICE constexpr std::uint32_t find_piece(const Piece* pieces, std::uint32_t first, std::uint32_t last,
                                                     std::uint32_t slot) {
    // The usual case: still in the piece of the span before, or not far behind it; each look waits for a load.
    if (slot < end_of(pieces[first]).slot) return first;
    std::uint32_t before = first;
    std::uint32_t step = 1;
    for (; step < last - before && slot >= end_of(pieces[before + step]).slot; step *= 2) before += step;
    std::uint32_t low = before + 1;
    std::uint32_t high = step < last - before ? before + step : last;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        if (slot < end_of(pieces[middle]).slot) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/// The bytes of one slot that belong to the piece.
struct Slot {
    std::uint64_t source = 0;       ///< of the slot's byte 0, which may lie before the piece
    std::uint64_t destination = 0;  ///< likewise; a multiple of 16
    std::uint32_t begin = 0;        ///< first byte of the piece in the slot
    std::uint32_t end = 0;
    [[nodiscard]] REMIT_HOST_DEVICE constexpr bool whole() const { return begin == 0 && end == kSlotBytes; }
};

REMIT_HOST_DEVICE constexpr Slot slot_of(const PieceView& piece, std::uint32_t slot) {
    const std::uint64_t offset = std::uint64_t{slot - piece.begin} * kSlotBytes;
    return {piece.source + offset, piece.destination + offset, slot == piece.begin ? piece.head : 0,
            slot + 1 == piece.end ? piece.tail : kSlotBytes};
}

/// A funnel shift reads the two aligned 16 bytes around a slot's source. At the ends of a piece one of them may hold
/// bytes that are not the piece's, perhaps nobody's.
REMIT_HOST_DEVICE constexpr bool funnel_stays_inside(const PieceView& piece, std::uint32_t slot) {
    const std::uint64_t source = piece.source + std::uint64_t{slot - piece.begin} * kSlotBytes;
    const std::uint64_t word = source - source % kSlotBytes;
    const std::uint64_t stop = piece.source + std::uint64_t{piece.end - piece.begin - 1} * kSlotBytes + piece.tail;
    return word >= piece.source + piece.head && word + 2 * kSlotBytes <= stop;
}

/// How one whole slot is read.
REMIT_HOST_DEVICE constexpr Mode slot_mode(const PieceView& piece, std::uint32_t slot) {
    if (piece.mode != Mode::funnel || funnel_stays_inside(piece, slot)) return piece.mode;
    return narrow_mode(static_cast<std::uint32_t>(piece.source % kSlotBytes));
}

/// Whether every slot of [first, last) is a whole one of this piece that its mode can read.
REMIT_HOST_DEVICE constexpr bool all_whole(const PieceView& piece, std::uint32_t first, std::uint32_t last) {
    if (last > piece.end) return false;
    if (!slot_of(piece, first).whole() || !slot_of(piece, last - 1).whole()) return false;
    return piece.mode != Mode::funnel || (funnel_stays_inside(piece, first) && funnel_stays_inside(piece, last - 1));
}

/// The next access at a ragged end: the widest of 8, 4, 2 and 1 bytes for which both sides are aligned.
REMIT_HOST_DEVICE constexpr std::uint32_t edge_width(std::uint64_t source, std::uint64_t destination,
                                                     std::uint32_t left) {
    const std::uint64_t both = source | destination;
    if (both % 8 == 0 && left >= 8) return 8;
    if (both % 4 == 0 && left >= 4) return 4;
    return both % 2 == 0 && left >= 2 ? 2 : 1;
}

}  // namespace remit::gpu
