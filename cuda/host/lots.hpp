#pragma once

#include "kernels/sum.hpp"
#include "memory/copy.hpp"

#include <cstdint>
#include <span>
#include <vector>

/// From stretches to the lots of launches, and from what those leave to checksums. Needs no toolkit.
namespace remit::gpu {

/// A lot and the checksum that it counts for.
struct SumLot {
    Lot lot;
    std::uint32_t sum = 0;
};

/// Cuts stretches into lots, in their order; all but the last of a stretch end at a multiple of 16.
[[nodiscard]] std::vector<SumLot> cut_into_lots(std::span<const memory::Stretch> stretches);

/// CRC32C of bytes that come in pieces, from the remainders of the pieces.
class JoinedSum {
public:
    /// `remainder` of the next `bytes` bytes, as if nothing stood before them.
    void add(std::uint32_t remainder, std::uint64_t bytes) noexcept;
    [[nodiscard]] std::uint32_t value() const noexcept;

private:
    std::uint32_t remainder_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t last_bytes_ = 0;  ///< of the piece before, and the factor of so many: pieces are alike
    std::uint32_t last_factor_ = crc::kOne;
};

}  // namespace remit::gpu
