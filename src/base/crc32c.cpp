#include "base/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace remit {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 0x1edc6f41, bits reversed
constexpr std::size_t kSlices = 8;

using Table = std::array<std::array<std::uint32_t, 256>, kSlices>;

/// table[k][b]: what byte b does to the remainder when k zero bytes follow it, so that eight bytes go at once.
constexpr Table make_table() {
    Table table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
        table[0][byte] = crc;
    }
    for (std::size_t k = 1; k < kSlices; ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = table[k - 1][byte];
            table[k][byte] = before >> 8 ^ table[0][before & 0xff];
        }
    }
    return table;
}

constexpr Table kTable = make_table();

std::uint32_t one_byte(std::uint32_t crc, std::uint8_t byte) {
    return crc >> 8 ^ kTable[0][(crc ^ byte) & 0xff];
}

#if defined(__x86_64__)

constexpr std::size_t kStripe = 1024;  // bytes of each of the three parts that are reckoned side by side

/// crc, after `kStripe` zero bytes: what joins two parts. A table for each byte of the remainder, since the map is
/// linear.
using Shift = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr Shift make_shift(std::size_t zeros) {
    std::array<std::uint32_t, 32> of_bit{};
    for (std::size_t bit = 0; bit < 32; ++bit) {
        std::uint32_t crc = std::uint32_t{1} << bit;
        for (std::size_t i = 0; i < zeros; ++i) crc = crc >> 8 ^ kTable[0][crc & 0xff];
        of_bit[bit] = crc;
    }
    Shift shift{};
    for (std::size_t byte = 0; byte < 4; ++byte) {
        for (std::size_t value = 0; value < 256; ++value) {
            for (std::size_t bit = 0; bit < 8; ++bit) {
                if (value >> bit & 1) shift[byte][value] ^= of_bit[8 * byte + bit];
            }
        }
    }
    return shift;
}

std::uint32_t shifted(const Shift& shift, std::uint64_t crc) {
    return shift[0][crc & 0xff] ^ shift[1][crc >> 8 & 0xff] ^ shift[2][crc >> 16 & 0xff] ^ shift[3][crc >> 24 & 0xff];
}

std::uint64_t word_at(const std::uint8_t* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// The instruction takes three cycles and one may begin each cycle: three parts go side by side.
__attribute__((target("sse4.2"))) std::uint32_t with_instruction(std::uint32_t start, const std::uint8_t* at,
                                                                 std::size_t bytes) {
    static const Shift by_one = make_shift(kStripe);
    std::uint64_t crc = start;
    for (; bytes >= 3 * kStripe; at += 3 * kStripe, bytes -= 3 * kStripe) {
        std::uint64_t second = 0;
        std::uint64_t third = 0;
        for (std::size_t i = 0; i < kStripe; i += 8) {
            crc = _mm_crc32_u64(crc, word_at(at + i));
            second = _mm_crc32_u64(second, word_at(at + kStripe + i));
            third = _mm_crc32_u64(third, word_at(at + 2 * kStripe + i));
        }
        crc = shifted(by_one, crc) ^ second;
        crc = shifted(by_one, crc) ^ third;
    }
    for (; bytes >= 8; at += 8, bytes -= 8) crc = _mm_crc32_u64(crc, word_at(at));
    auto last = static_cast<std::uint32_t>(crc);
    for (; bytes > 0; ++at, --bytes) last = _mm_crc32_u8(last, *at);
    return last;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t bytes) noexcept {
    const auto* at = static_cast<const std::uint8_t*>(data);
    crc = ~crc;
    for (; bytes >= kSlices; at += kSlices, bytes -= kSlices) {
        // By bytes, whatever the order of the machine's words.
        const std::uint32_t low = crc ^ (std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
                                         std::uint32_t{at[3]} << 24);
        crc = kTable[7][low & 0xff] ^ kTable[6][low >> 8 & 0xff] ^ kTable[5][low >> 16 & 0xff] ^ kTable[4][low >> 24] ^
              kTable[3][at[4]] ^ kTable[2][at[5]] ^ kTable[1][at[6]] ^ kTable[0][at[7]];
    }
    for (; bytes > 0; ++at, --bytes) crc = one_byte(crc, *at);
    return ~crc;
}

bool crc32c_is_accelerated() noexcept {
#if defined(__x86_64__)
    static const bool has = __builtin_cpu_supports("sse4.2") != 0;
    return has;
#else
    return false;
#endif
}

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t bytes) noexcept {
#if defined(__x86_64__)
    if (crc32c_is_accelerated()) return ~with_instruction(~crc, static_cast<const std::uint8_t*>(data), bytes);
#endif
    return crc32c_portable(crc, data, bytes);
}

}  // namespace remit
