#pragma once

#include "base/checked.hpp"
#include "layout/block_map.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace remit::plan {

/// Real bytes behind a map, so that plans can be carried out. The bytes are random.
struct MemoryPool {
    Layout layout;
    BlockMap map;
    std::vector<std::byte> bytes;

    [[nodiscard]] std::uint64_t start() const { return reinterpret_cast<std::uintptr_t>(bytes.data()); }
    [[nodiscard]] std::byte at(std::uint64_t address) const { return bytes.at(address - start()); }
};

inline void fill_random(std::vector<std::byte>& bytes, std::mt19937_64& random) {
    // Never 0, so that a zero is known to be filler.
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() % 255 + 1);
}

/// A pool placed as remit places it, in one registration.
inline std::unique_ptr<MemoryPool> make_pool(const Layout& layout, std::uint32_t blocks, std::uint64_t seed = 1) {
    std::mt19937_64 random(seed);
    auto pool =
        std::make_unique<MemoryPool>(MemoryPool{layout, {}, std::vector<std::byte>(pool_bytes(layout, blocks) + 64)});
    fill_random(pool->bytes, random);
    const std::uint64_t start = align_up(pool->start(), 64);
    pool->map = place_pool(layout, blocks, start);
    pool->map.registrations = {{start, pool_bytes(layout, blocks), 7}};
    for (SegmentMap& segment : pool->map.segments) segment.registration = 0;
    return pool;
}

/// Contiguous tensors of `tokens` tokens, unregistered, each shifted by its entry of `shifts` (0 where there is none).
inline std::unique_ptr<MemoryPool> make_tensors(const Layout& layout, std::uint64_t tokens, std::uint64_t seed = 2,
                                                const std::vector<std::uint64_t>& shifts = {}) {
    std::mt19937_64 random(seed);
    std::uint64_t bytes = 0;
    std::vector<std::uint64_t> offsets;
    for (std::size_t i = 0; i < layout.segments().size(); ++i) {
        bytes = align_up(bytes, 64) + (i < shifts.size() ? shifts[i] : 0);
        offsets.push_back(bytes);
        bytes += layout.segments()[i].block_bytes(tokens);
    }
    auto pool = std::make_unique<MemoryPool>(MemoryPool{layout, {}, std::vector<std::byte>(bytes + 64)});
    fill_random(pool->bytes, random);
    for (std::uint64_t& offset : offsets) offset += align_up(pool->start(), 64);
    pool->map = place_tensors(layout, tokens, offsets);
    return pool;
}

/// What a peer's memory looks like where it is never touched: addresses alone.
inline BlockMap distant_map(const Layout& layout, std::uint32_t blocks, std::uint64_t start = 0x7000'0000'0000) {
    BlockMap map = place_pool(layout, blocks, start);
    map.registrations = {{start, pool_bytes(layout, blocks), 9}};
    for (SegmentMap& segment : map.segments) segment.registration = 0;
    return map;
}

}  // namespace remit::plan
