#pragma once

#include "kernels/crc.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace remit::gpu::test {

/// The remainder of bytes as if nothing stood before them, one by one.
[[nodiscard]] inline std::uint32_t remainder_of(const void* data, std::size_t bytes) {
    std::uint32_t remainder = 0;
    for (std::size_t i = 0; i < bytes; ++i) remainder = crc::add_byte(remainder, static_cast<const std::uint8_t*>(data)[i]);
    return remainder;
}

[[nodiscard]] inline std::vector<std::uint8_t> random_bytes(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::uint8_t> bytes(count);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

}  // namespace remit::gpu::test
