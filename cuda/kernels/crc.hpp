#pragma once

#include "kernels/portable.hpp"

#include <cstdint>

/// CRC32C as arithmetic: remainders of polynomials over GF(2), bits reversed, so that what was reckoned in parts can be
/// joined. A remainder starts at 0 here; the inversions of the checksum itself come at the very end.
namespace remit::gpu::crc {

inline constexpr std::uint32_t kPolynomial = 0x82f63b78;
inline constexpr std::uint32_t kOne = 0x80000000;  ///< x to the 0

/// x to this power is 1 again, so that one may divide by a power of x.
inline constexpr std::uint64_t kPeriod = (std::uint64_t{1} << 31) - 1;

REMIT_HOST_DEVICE constexpr std::uint32_t times_x(std::uint32_t a) {
    return a >> 1 ^ ((a & 1u) != 0 ? kPolynomial : 0);
}

REMIT_HOST_DEVICE constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
    std::uint32_t product = 0;
    for (std::uint32_t bit = kOne; bit != 0; bit >>= 1) {
        product ^= (a & bit) != 0 ? b : 0;
        b = times_x(b);
    }
    return product;
}

constexpr std::uint32_t power_of_x(std::uint64_t exponent) {
    std::uint32_t power = kOne;
    std::uint32_t square = times_x(kOne);
    for (exponent %= kPeriod; exponent != 0; exponent >>= 1) {
        if ((exponent & 1u) != 0) power = multiply(power, square);
        square = multiply(square, square);
    }
    return power;
}

/// What a remainder is after one byte more.
REMIT_HOST_DEVICE constexpr std::uint32_t add_byte(std::uint32_t remainder, std::uint32_t byte) {
    remainder ^= byte;
    for (int bit = 0; bit < 8; ++bit) remainder = times_x(remainder);
    return remainder;
}

}  // namespace remit::gpu::crc
