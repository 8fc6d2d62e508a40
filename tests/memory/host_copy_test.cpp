#include "base/crc32c.hpp"
#include "memory/host_copy.hpp"
#include "memory/stream_copy.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace remit::memory {
namespace {

constexpr std::byte kUntouched{0x5a};
constexpr std::size_t kZone = 256;
/// Makes every batch streamed, and none.
constexpr std::uint64_t kHuge = std::uint64_t{1} << 60;
constexpr std::uint64_t kNothing = 0;

std::vector<std::byte> noise(std::size_t bytes) {
    std::vector<std::byte> data(bytes);
    std::mt19937 random(7);
    for (std::byte& byte : data) byte = static_cast<std::byte>(random());
    return data;
}

std::uint64_t address_of(const std::vector<std::byte>& data) { return reinterpret_cast<std::uintptr_t>(data.data()); }

/// Runs one copy between two zones; "" or what is wrong.
std::string wrong_after(const std::vector<std::byte>& source, std::size_t source_at, std::size_t destination_at,
                        std::size_t bytes, std::uint64_t working_set, bool zeros) {
    std::vector<std::byte> expected(bytes + 2 * kZone, kUntouched);
    std::vector<std::byte> got = expected;
    if (zeros) {
        std::memset(expected.data() + destination_at, 0, bytes);
    } else {
        std::memcpy(expected.data() + destination_at, source.data() + source_at, bytes);
    }
    HostCopyExecutor executor(working_set);
    const Copy copy{zeros ? 0 : address_of(source) + source_at, destination_at, bytes};
    if (!executor.done(executor.submit({&copy, 1}, address_of(got)))) return "not done";
    if (got == expected) return "";
    return std::to_string(bytes) + " bytes from " + std::to_string(source_at) + " to " + std::to_string(destination_at);
}

TEST(HostCopy, EveryMisalignmentAndEdgeOfAStreamedPiece) {
    const std::vector<std::byte> source = noise(kStreamedPiece + 1024);
    for (std::size_t from = 0; from < 64; from += 3) {
        for (std::size_t to = 0; to < 64; ++to) {
            for (const std::size_t more : {0u, 1u, 15u, 63u, 64u, 127u, 128u, 129u}) {
                ASSERT_EQ(wrong_after(source, from, to, kStreamedPiece + more, kHuge, false), "");
            }
        }
    }
}

TEST(HostCopy, ShortPiecesAndNone) {
    const std::vector<std::byte> source = noise(4096);
    for (std::size_t bytes = 0; bytes < 300; ++bytes) {
        ASSERT_EQ(wrong_after(source, bytes % 64, 17, bytes, kHuge, false), "");
        ASSERT_EQ(wrong_after(source, bytes % 64, 17, bytes, kNothing, false), "");
    }
}

TEST(HostCopy, StreamedPiecesAreExactWhateverTheirLength) {
    // The functions themselves, below the length from which the executor uses them.
    const std::vector<std::byte> source = noise(2048);
    for (std::size_t bytes = 0; bytes < 700; ++bytes) {
        std::vector<std::byte> expected(bytes + 2 * kZone, kUntouched);
        std::vector<std::byte> got = expected;
        std::memcpy(expected.data() + 33, source.data() + 5, bytes);
        stream_copy(got.data() + 33, source.data() + 5, bytes);
        finish_streaming();
        ASSERT_EQ(got, expected) << bytes;
        std::memset(expected.data() + 33, 0, bytes);
        stream_zeros(got.data() + 33, bytes);
        finish_streaming();
        ASSERT_EQ(got, expected) << bytes;
    }
}

TEST(HostCopy, ASourceOfNothingStandsForZeros) {
    const std::vector<std::byte> source;
    for (const std::uint64_t working_set : {kHuge, kNothing}) {
        for (const std::size_t to : {0u, 1u, 31u, 64u}) {
            ASSERT_EQ(wrong_after(source, 0, to, kStreamedPiece + 77, working_set, true), "");
            ASSERT_EQ(wrong_after(source, 0, to, 77, working_set, true), "");
        }
    }
}

TEST(HostCopy, PiecesOfABatchMeetWithoutOverlap) {
    const std::vector<std::byte> source = noise(200'000);
    for (const std::uint64_t working_set : {kHuge, kNothing}) {
        std::mt19937 random(11);
        std::vector<Copy> copies;
        std::vector<std::byte> expected(source.size(), kUntouched);
        std::vector<std::byte> got = expected;
        for (std::uint64_t at = 3; at < 150'000;) {
            const std::uint64_t bytes = random() % 2 == 0 ? random() % 600 : kStreamedPiece + random() % 999;
            const std::uint64_t from = random() % 20'000;
            copies.push_back({address_of(source) + from, at, bytes});
            std::memcpy(expected.data() + at, source.data() + from, bytes);
            at += bytes;
        }
        HostCopyExecutor executor(working_set);
        executor.submit(copies, address_of(got));
        ASSERT_EQ(got, expected);
    }
}

TEST(HostCopy, StoresGoRoundTheCachesOnlyWhereTheBytesWouldNotStayThere) {
    const std::uint64_t cache = last_level_cache();
    ASSERT_GT(cache, 0u);
    const HostCopyExecutor alone;
    EXPECT_FALSE(alone.streams(cache / 2));
    EXPECT_TRUE(alone.streams(cache / 2 + 1)) << "a batch has two sides";
    const HostCopyExecutor large_pool(cache + 1);
    EXPECT_TRUE(large_pool.streams(1)) << "a small batch of a large pool";
    const HostCopyExecutor small_pool(cache);
    EXPECT_FALSE(small_pool.streams(1));
}

TEST(HostCopy, ChecksumsCountTheirStretchesInOrder) {
    const std::vector<std::byte> data = noise(5000);
    HostCopyExecutor executor;
    const std::vector<Stretch> stretches{{address_of(data) + 7, 1000, 0}, {address_of(data), 3, 2}, {address_of(data) + 3000, 5, 0}};
    const Ticket ticket = executor.reckon(stretches, 3);
    const Ticket later = executor.reckon({}, 1);
    EXPECT_TRUE(executor.done(later));
    const std::uint32_t first = crc32c(crc32c(0, data.data() + 7, 1000), data.data() + 3000, 5);
    EXPECT_EQ(executor.take_sums(ticket), (std::vector<std::uint32_t>{first, 0, crc32c(0, data.data(), 3)}));
    EXPECT_EQ(executor.take_sums(later), std::vector<std::uint32_t>{0});
    EXPECT_TRUE(executor.take_sums(ticket).empty()) << "taken once";
}

}  // namespace
}  // namespace remit::memory
