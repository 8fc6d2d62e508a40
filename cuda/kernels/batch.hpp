#pragma once

#include "kernels/portable.hpp"
#include "kernels/tuning.hpp"

#include <cstdint>

namespace remit::gpu {

/// Bytes of a slot: the widest access of a thread, and the unit in which work is counted. The slots of a piece are
/// the aligned 16 bytes of the destination that it touches; the first and the last may be touched in part.
inline constexpr std::uint32_t kSlotBytes = 16;

/// Most slots of a launch: the number shares 32 bits with the length of a piece's last slot.
inline constexpr std::uint32_t kMaxSlots = (1u << 28) - 1;

/// Addresses travel as 48-bit offsets to a base, so that a piece takes 16 bytes of the kernel's parameters.
inline constexpr std::uint64_t kMaxOffset = (std::uint64_t{1} << 48) - 1;

/// One copy of a launch. Its length is not stored: it follows from where its slots end.
struct Piece {
    std::uint64_t source_and_low = 0;        ///< offset to the source base (0: zeros), low 16 bits of `end`
    std::uint64_t destination_and_high = 0;  ///< offset to the destination base, high 16 bits of `end`
};

/// Where a piece ends among the slots of its launch, and how many bytes (1 to 16) of its last slot are before its
/// end; in the head's slot the bytes before the piece are counted too.
struct PieceEnd {
    std::uint32_t slot = 0;
    std::uint32_t tail = 0;
};

REMIT_HOST_DEVICE constexpr Piece pack_piece(std::uint64_t source, std::uint64_t destination, PieceEnd end) {
    const std::uint32_t packed = end.slot << 4 | (end.tail - 1);
    return {source << 16 | (packed & 0xffffu), destination << 16 | packed >> 16};
}

REMIT_HOST_DEVICE constexpr std::uint32_t packed_end(const Piece& piece) {
    return static_cast<std::uint32_t>(piece.source_and_low & 0xffffu) |
           static_cast<std::uint32_t>(piece.destination_and_high & 0xffffu) << 16;
}
REMIT_HOST_DEVICE constexpr PieceEnd end_of(const Piece& piece) {
    const std::uint32_t packed = packed_end(piece);
    return {packed >> 4, (packed & 15u) + 1};
}
REMIT_HOST_DEVICE constexpr std::uint64_t source_offset(const Piece& piece) {
    return piece.source_and_low >> 16;
}
REMIT_HOST_DEVICE constexpr std::uint64_t destination_offset(const Piece& piece) {
    return piece.destination_and_high >> 16;
}

/// What every launch carries.
struct BatchHeader {
    std::uint64_t source_base = 0;       ///< a multiple of 16
    std::uint64_t destination_base = 0;  ///< a multiple of 16
    std::uint32_t* ticket = nullptr;     ///< in device memory, 0 between launches
    std::uint64_t* progress = nullptr;   ///< device address of a mapped word of its own
    std::uint64_t sequence = 0;          ///< what the progress word holds when all is copied
    std::uint32_t pieces = 0;
    std::uint32_t slots = 0;
};

/// A batch whose pieces travel in the kernel's parameters.
template <std::uint32_t Bytes>
struct InlineBatch {
    static constexpr std::uint32_t capacity = (Bytes - sizeof(BatchHeader)) / sizeof(Piece);
    BatchHeader header;
    Piece pieces[capacity];
};

using SmallBatch = InlineBatch<kSmallParameterBytes>;
using LargeBatch = InlineBatch<kLargeParameterBytes>;

/// A batch whose pieces lie in device memory.
struct ListBatch {
    BatchHeader header;
    const Piece* pieces = nullptr;
};

static_assert(sizeof(Piece) == 16 && sizeof(BatchHeader) == 48);
static_assert(sizeof(SmallBatch) <= kSmallParameterBytes && SmallBatch::capacity == 253);
static_assert(sizeof(LargeBatch) <= kLargeParameterBytes && LargeBatch::capacity == 2044);

}  // namespace remit::gpu
