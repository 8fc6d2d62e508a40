#include "base/crc32c.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

namespace remit {
namespace {

std::uint32_t both(std::uint32_t start, const void* data, std::size_t bytes) {
    const std::uint32_t portable = crc32c_portable(start, data, bytes);
    EXPECT_EQ(crc32c(start, data, bytes), portable) << bytes << " bytes";
    return portable;
}

// RFC 3720 B.4, and the check value of the catalogue of CRC algorithms.
TEST(Crc32c, IsThatOfTheStandard) {
    const std::vector<std::uint8_t> zeros(32, 0);
    const std::vector<std::uint8_t> ones(32, 0xff);
    std::vector<std::uint8_t> up(32);
    std::iota(up.begin(), up.end(), std::uint8_t{0});
    const std::vector<std::uint8_t> down(up.rbegin(), up.rend());
    constexpr std::string_view digits = "123456789";
    EXPECT_EQ(both(0, zeros.data(), 32), 0x8a9136aau);
    EXPECT_EQ(both(0, ones.data(), 32), 0x62a8ab43u);
    EXPECT_EQ(both(0, up.data(), 32), 0x46dd794eu);
    EXPECT_EQ(both(0, down.data(), 32), 0x113fdb5cu);
    EXPECT_EQ(both(0, digits.data(), digits.size()), 0xe3069283u);
    EXPECT_EQ(both(0, nullptr, 0), 0u);
}

TEST(Crc32c, EveryLengthAndAlignmentIsTheSameWithAndWithoutTheInstruction) {
    std::mt19937 random(1);
    std::vector<std::uint8_t> bytes(16384);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    for (std::size_t length = 0; length < 200; ++length) {
        for (std::size_t at = 0; at < 9; ++at) both(static_cast<std::uint32_t>(random()), bytes.data() + at, length);
    }
    // Around what is reckoned in three parts.
    for (const std::size_t length : {1023u, 3071u, 3072u, 3073u, 3079u, 6143u, 6144u, 9220u, 16000u}) {
        for (std::size_t at = 0; at < 9; ++at) both(7, bytes.data() + at, length);
    }
}

TEST(Crc32c, GoesOnWhereItEnded) {
    std::mt19937 random(2);
    std::vector<std::uint8_t> bytes(20000);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const std::uint32_t whole = crc32c(0, bytes.data(), bytes.size());
    for (const std::size_t cut : {0u, 1u, 7u, 4096u, 12345u, 19999u, 20000u}) {
        EXPECT_EQ(crc32c(crc32c(0, bytes.data(), cut), bytes.data() + cut, bytes.size() - cut), whole) << cut;
    }
}

TEST(Crc32c, OneBitMakesAnother) {
    std::vector<std::uint8_t> bytes(4096, 3);
    const std::uint32_t before = crc32c(0, bytes.data(), bytes.size());
    for (const std::size_t at : {0u, 1u, 2047u, 4095u}) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1u << bit);
            EXPECT_NE(both(0, bytes.data(), bytes.size()), before);
            bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1u << bit);
        }
    }
}

}  // namespace
}  // namespace remit
