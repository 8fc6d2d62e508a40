#pragma once

#include "kernels/batch.hpp"
#include "memory/copy.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace remit::gpu {

enum class PackStatus {
    packed,
    too_many_pieces,  ///< more than the batch holds
    too_many_bytes,   ///< 4 GiB in slots of 16 bytes
    bad_address,      ///< a range that wraps, or an address of the first 16
    far_apart,        ///< sources, or destinations, 256 TiB from each other
};

[[nodiscard]] std::string_view text_of(PackStatus status) noexcept;

/// Copies of no bytes are no pieces.
[[nodiscard]] std::uint64_t count_pieces(std::span<const memory::Copy> copies) noexcept;

/// Writes the pieces of a batch and the header's bases, pieces and slots. Copies must not overlap at their
/// destinations, and none may read what another writes. On a refusal `pieces` and `header` are not to be used.
[[nodiscard]] PackStatus pack(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                              std::span<Piece> pieces, BatchHeader& header) noexcept;

}  // namespace remit::gpu
