#pragma once

#include "layout/block_map.hpp"
#include "sim/memory.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace remit::sim {

/// The bytes that a send carries, told by its number: each byte of each row of each segment is another function of it.
/// aux is [0] total, [1] number of the send, and 14 more.
[[nodiscard]] Aux aux_of(std::uint64_t send, std::uint64_t total);

/// Writes the tokens of a send into the blocks of `table`.
void fill_source(Memory& memory, const Layout& layout, const BlockMap& map, std::span<const BlockId> table,
                 std::uint64_t send, std::uint64_t total);
/// Overwrites them: the source is its user's again.
void spoil_source(Memory& memory, const Layout& layout, const BlockMap& map, std::span<const BlockId> table,
                  std::uint64_t total);
/// What is wrong with tokens [0, total) in the blocks of `table`, or "".
[[nodiscard]] std::string differs(Memory& memory, const Layout& layout, const BlockMap& map,
                                  std::span<const BlockId> table, std::uint64_t send, std::uint64_t total);

}  // namespace remit::sim
