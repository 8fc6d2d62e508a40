#pragma once

#include "memory/copy.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace remit::gpu::test {

using Random = std::mt19937_64;

[[nodiscard]] inline std::uint64_t between(Random& random, std::uint64_t low, std::uint64_t high) {
    return low + random() % (high - low + 1);
}

[[nodiscard]] inline std::uint64_t address_of(const std::vector<std::byte>& bytes) {
    return reinterpret_cast<std::uintptr_t>(bytes.data());
}

/// Copies between two buffers, every byte of which is random. Vectors of bytes begin at multiples of 16, so that
/// offsets say how pieces are aligned.
struct Case {
    std::string name;
    std::vector<std::byte> source;
    std::vector<std::byte> destination;
    std::vector<memory::Copy> copies;  ///< destination: offset into `destination`

    [[nodiscard]] std::uint64_t bytes() const;
    /// What `destination` must hold afterwards.
    [[nodiscard]] std::vector<std::byte> expected() const;
};

/// One piece as offsets into both buffers; an absent source stands for zeros.
struct Span {
    static constexpr std::uint64_t kZeros = ~std::uint64_t{0};
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint64_t bytes = 0;
};

/// Buffers just as large as the spans need, but for `spare` bytes behind the destination.
[[nodiscard]] Case make_case(std::string name, const std::vector<Span>& spans, std::uint64_t seed,
                             std::uint64_t spare = 64);

/// `count` pieces, one behind the other with small gaps.
[[nodiscard]] Case many_pieces(std::uint64_t count, std::uint64_t bytes_each, std::uint64_t seed);

/// One of several kinds: the gather of a layout's blocks into a region, its scatter into tensors, pieces misaligned
/// at random, tiny pieces, and zeros between them.
[[nodiscard]] Case random_case(std::uint64_t seed);

/// The shape of a request's data. Segments are arrays of their own, blocks in any order.
struct LayoutCase {
    std::uint64_t block_tokens = 128;
    std::uint64_t hidden_bytes = 16384;  ///< of one token
    std::uint64_t tokens = 256;
    std::uint64_t shift = 0;  ///< offset of the source's arrays to a multiple of 16
    bool scatter = false;
};
[[nodiscard]] Case layout_case(const LayoutCase& shape, std::uint64_t seed);

}  // namespace remit::gpu::test
