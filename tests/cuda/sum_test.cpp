// CRC32C in parts: the arithmetic that joins them, and who of a warp reads what.

#include "host/lots.hpp"
#include "sum_reference.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string_view>

namespace remit::gpu::test {
namespace {

TEST(SumArithmetic, AByteAfterAnotherIsTheChecksumThatEverybodyKnows) {
    constexpr std::string_view text = "123456789";
    JoinedSum sum;
    sum.add(remainder_of(text.data(), text.size()), text.size());
    EXPECT_EQ(sum.value(), 0xe3069283u);
    EXPECT_EQ(JoinedSum().value(), 0u);
}

TEST(SumArithmetic, PowersOfXComeAgainAndMayBeDividedBy) {
    EXPECT_EQ(crc::power_of_x(0), crc::kOne);
    EXPECT_EQ(crc::power_of_x(crc::kPeriod), crc::kOne);
    for (const std::uint64_t exponent : {1u, 8u, 31u, 32u, 128u, 4096u, 1000003u}) {
        EXPECT_EQ(crc::multiply(crc::power_of_x(exponent), crc::power_of_x(crc::kPeriod - exponent)), crc::kOne);
    }
    EXPECT_EQ(crc::multiply(crc::power_of_x(1000), crc::power_of_x(24)), crc::power_of_x(1024));
    std::uint32_t one_by_one = crc::kOne;
    for (int i = 0; i < 100; ++i) one_by_one = crc::times_x(one_by_one);
    EXPECT_EQ(one_by_one, crc::power_of_x(100));
}

TEST(SumArithmetic, PiecesOfAnyLengthsJoin) {
    std::mt19937_64 random(1);
    const std::vector<std::uint8_t> data = random_bytes(5000, 1);
    JoinedSum whole;
    whole.add(remainder_of(data.data(), data.size()), data.size());
    for (int turn = 0; turn < 50; ++turn) {
        JoinedSum joined;
        for (std::size_t at = 0; at < data.size();) {
            const std::size_t bytes = std::min<std::size_t>(data.size() - at, turn % 2 == 0 ? 64 : random() % 700);
            joined.add(remainder_of(data.data() + at, bytes), bytes);
            at += bytes;
        }
        ASSERT_EQ(joined.value(), whole.value()) << "turn " << turn;
    }
}

TEST(SumTables, StepAByteToItsLanesNextSixteen) {
    constexpr std::uint32_t lanes = 4;
    std::vector<std::uint32_t> tables(SumTables<Shape<16, lanes, 8>>::words);
    fill_tables(lanes, tables.data());
    for (const std::uint32_t place : {0u, 1u, 7u, 15u}) {
        for (const std::uint32_t byte : {0u, 1u, 0x80u, 0xffu}) {
            std::uint32_t expected = crc::add_byte(0, byte);
            for (std::uint32_t i = place + 1; i < lanes * 16; ++i) expected = crc::add_byte(expected, 0);
            EXPECT_EQ(tables[place * 256 + byte], expected) << place << ", " << byte;
        }
    }
}

TEST(Lots, CoverEachStretchOnceInItsOrderAndEndOnSixteen) {
    const std::vector<memory::Stretch> stretches{{1000003, 5, 2}, {16, 3 * kLotBytes + 17, 0}, {77, kLotBytes, 1}, {5, 0, 1}};
    const auto lots = cut_into_lots(stretches);
    std::size_t next = 0;
    for (const memory::Stretch& stretch : stretches) {
        for (std::uint64_t done = 0; done < stretch.bytes;) {
            ASSERT_LT(next, lots.size());
            const SumLot& lot = lots[next++];
            EXPECT_EQ(lot.lot.address, stretch.address + done);
            EXPECT_EQ(lot.sum, stretch.sum);
            EXPECT_GT(lot.lot.bytes, 0u);
            EXPECT_LE(lot.lot.bytes, kLotBytes);
            done += lot.lot.bytes;
            if (done < stretch.bytes) {
                EXPECT_EQ((lot.lot.address + lot.lot.bytes) % 16, 0u);
            }
        }
    }
    EXPECT_EQ(next, lots.size());
}

TEST(Lots, EverySlotIsOneLanesAndAllLanesEndTogether) {
    using Four = Shape<16, 4, 8>;
    for (std::uint32_t count = 0; count < 40; ++count) {
        std::vector<int> taken(count);
        for (std::uint32_t lane = 0; lane < Four::lanes; ++lane) {
            std::uint32_t last = 0;
            for (std::uint32_t slot = first_slot<Four>(count, lane); slot < count; slot += Four::lanes) {
                ++taken[slot];
                last = slot + 1;
            }
            if (last == 0) continue;
            EXPECT_EQ(count - last, Four::lanes - 1 - lane) << count << ", lane " << lane;
        }
        for (std::uint32_t slot = 0; slot < count; ++slot) EXPECT_EQ(taken[slot], 1) << slot << " of " << count;
    }
}

TEST(Lots, ViewsSayEveryByte) {
    for (std::uint64_t address = 64; address < 80; ++address) {
        for (std::uint64_t bytes = 1; bytes < 70; ++bytes) {
            const LotView view = view_of(Lot{address, bytes});
            EXPECT_EQ(view.slots % 16, 0u);
            EXPECT_LT(view.head, 16u);
            EXPECT_LT(view.tail, 16u);
            EXPECT_EQ(view.tail_at + view.tail, address + bytes);
            const std::uint64_t whole = view.count == 0 ? 0 : std::uint64_t{view.count} * 16 - view.head;
            EXPECT_EQ(whole + view.tail, bytes) << address << ", " << bytes;
            if (view.count == 0) continue;
            EXPECT_EQ(view.slots + view.head, address);
        }
    }
}

}  // namespace
}  // namespace remit::gpu::test
