#pragma once

#include "base/crc32c.hpp"
#include "plan/pieces.hpp"

#include <remit/layout.hpp>

#include <cstdint>
#include <vector>

namespace remit::plan {

/// CRC32C of the bytes of a range of tokens, one a segment of the layout.
using Checksums = std::vector<std::uint32_t>;

/// Reckons them in an order that no block size and no arrangement changes: plane after plane, token after token. The
/// segment that comes once per request counts with the range that holds token 0, and is 0 elsewhere.
/// @param aux   of the request; read where range.first is 0
/// @param read  read(address, bytes) -> const void*: where the bytes of an address of `side` lie for this program
template <class Read>
[[nodiscard]] Checksums checksums_of(const Layout& layout, const Side& side, const TokenRange& range, const Aux& aux,
                                     Read&& read) {
    Checksums sums(layout.segments().size(), 0);
    for (std::uint32_t s = 0; s < sums.size(); ++s) {
        const Segment& shape = layout.segments()[s];
        if (shape.once_per_request) {
            if (range.first == 0) sums[s] = crc32c(0, aux.data(), sizeof aux);
            continue;
        }
        for (std::uint32_t plane = 0; plane < shape.planes; ++plane) {
            for (std::uint64_t token = range.first; token < range.end();) {
                const std::uint64_t place = token - side.first_token;
                const std::uint64_t row = place % side.map.block_size;
                const std::uint64_t rows = std::min(range.end() - token, side.map.block_size - row);
                const std::uint64_t address =
                    side.map.address(s, side.table[place / side.map.block_size], plane, row, shape.token_bytes);
                const std::uint64_t bytes = rows * shape.token_bytes;
                sums[s] = crc32c(sums[s], read(address, bytes), bytes);
                token += rows;
            }
        }
    }
    return sums;
}

/// The same of memory that this program reads where it lies.
[[nodiscard]] inline Checksums checksums_of(const Layout& layout, const Side& side, const TokenRange& range, const Aux& aux) {
    return checksums_of(layout, side, range, aux, [](std::uint64_t address, std::uint64_t) {
        return reinterpret_cast<const void*>(address);
    });
}

/// Adds the next round to what stands for all rounds before it (empty: none): CRC32C over the sums, four bytes each,
/// little-endian, in the order of the rounds. So one set of numbers stands for any number of rounds.
void fold(Checksums& chain, const Checksums& round);

}  // namespace remit::plan
