#pragma once

#include "base/crc32c.hpp"
#include "memory/copy.hpp"
#include "plan/pieces.hpp"

#include <remit/layout.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace remit::plan {

/// CRC32C of the bytes of a range of tokens, one a segment of the layout.
using Checksums = std::vector<std::uint32_t>;

/// Calls visit(Stretch) for what counts, in an order that no block size and no arrangement changes: plane after plane,
/// token after token. Addresses are those of `side`. The segment that comes once per request is left out: see add_aux().
template <class Visit>
void for_each_stretch(const Layout& layout, const Side& side, const TokenRange& range, Visit&& visit) {
    for (std::uint32_t s = 0; s < layout.segments().size(); ++s) {
        const Segment& shape = layout.segments()[s];
        if (shape.once_per_request) continue;
        for (std::uint32_t plane = 0; plane < shape.planes; ++plane) {
            for (std::uint64_t token = range.first; token < range.end();) {
                const std::uint64_t place = token - side.first_token;
                const std::uint64_t row = place % side.map.block_size;
                const std::uint64_t rows = std::min(range.end() - token, side.map.block_size - row);
                const std::uint64_t address =
                    side.map.address(s, side.table[place / side.map.block_size], plane, row, shape.token_bytes);
                visit(memory::Stretch{address, rows * shape.token_bytes, s});
                token += rows;
            }
        }
    }
}

/// The segment that comes once per request counts with the range that holds token 0, and is 0 elsewhere.
/// @param aux of the request; read where range.first is 0
inline void add_aux(Checksums& sums, const Layout& layout, const TokenRange& range, const Aux& aux) {
    for (std::size_t s = 0; s < sums.size(); ++s) {
        if (layout.segments()[s].once_per_request) sums[s] = range.first == 0 ? crc32c(0, aux.data(), sizeof aux) : 0;
    }
}

/// Reckons them on the calling thread.
/// @param read  read(address, bytes) -> const void*: where the bytes of an address of `side` lie for this program
template <class Read>
[[nodiscard]] Checksums checksums_of(const Layout& layout, const Side& side, const TokenRange& range, const Aux& aux,
                                     Read&& read) {
    Checksums sums(layout.segments().size(), 0);
    for_each_stretch(layout, side, range, [&](const memory::Stretch& stretch) {
        sums[stretch.sum] = crc32c(sums[stretch.sum], read(stretch.address, stretch.bytes), stretch.bytes);
    });
    add_aux(sums, layout, range, aux);
    return sums;
}

/// Adds the next round to what stands for all rounds before it (empty: none): CRC32C over the sums, four bytes each,
/// little-endian, in the order of the rounds. So one set of numbers stands for any number of rounds.
void fold(Checksums& chain, const Checksums& round);

}  // namespace remit::plan
