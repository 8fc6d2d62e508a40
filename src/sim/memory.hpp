#pragma once

#include "layout/block_map.hpp"
#include "sim/random.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace remit::sim {

/// Byte arrays at made-up addresses, which are the same on every machine: plans depend on an address modulo 16.
class Memory {
public:
    /// An area of `bytes` bytes of noise, as memory has former tenants. Returns its address.
    std::uint64_t add(std::uint64_t bytes, Random& random);
    /// The bytes at an address. @throws Violation where they do not lie in one area.
    [[nodiscard]] std::uint8_t* at(std::uint64_t address, std::uint64_t bytes);

private:
    struct Area {
        std::uint64_t start = 0;
        std::vector<std::uint8_t> bytes;
    };
    std::vector<Area> areas_;
};

/// A pool's place without the alignment of real ones, so that it is small; its segments with gaps between them.
struct Placement {
    std::uint64_t bytes = 0;
    BlockMap map;  ///< relative to 0
};
[[nodiscard]] Placement place_small(const Layout& layout, std::uint32_t blocks, Random& random);
/// The map at `start`, as one registration with `key`.
[[nodiscard]] BlockMap moved_to(BlockMap map, std::uint64_t start, std::uint64_t bytes, std::uint32_t key);

}  // namespace remit::sim
