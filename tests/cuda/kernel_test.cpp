#include "emulation.hpp"

#include <gtest/gtest.h>

namespace remit::gpu::test {
namespace {

using shim::Access;

TEST(Kernel, NothingToCopyStillPublishes) {
    Case work = make_case("nothing", {}, 1);
    for (const Way way : {Way::small, Way::large, Way::list}) EXPECT_TRUE(small_blocks().run(work, 8, way));
}

TEST(Kernel, OneByteAtEveryPlace) {
    for (std::uint64_t at = 0; at < 16; ++at) {
        Case work = make_case("one byte at " + std::to_string(at), {{at * 3 % 16, at, 1}}, at);
        EXPECT_TRUE(small_blocks().run(work, 8));
    }
}

TEST(Kernel, EveryMisalignmentOfASmallPiece) {
    for (std::uint64_t source = 0; source < 16; ++source) {
        for (std::uint64_t destination = 0; destination < 16; destination += 3) {
            const std::uint64_t bytes = 50 + source + destination;
            Case work = make_case("small piece", {{source, destination, bytes}}, source);
            ASSERT_TRUE(small_blocks().run(work, 8)) << source << " to " << destination;
        }
    }
}

TEST(Kernel, EveryMisalignmentOfALargePiece) {
    for (std::uint64_t off = 0; off < 16; ++off) {
        for (const std::uint64_t destination : {0u, 5u}) {
            Case work = make_case("large piece", {{off, destination, 5000 + off}}, off);
            ASSERT_TRUE(small_blocks().run(work, 8)) << off << " to " << destination;
            const std::uint64_t shifted = small_blocks().counters().bytes(Access::funnel);
            const bool shift = mode_of(off, destination, 5000) == Mode::funnel;
            ASSERT_EQ(shifted != 0, shift);
        }
    }
}

TEST(Kernel, HeadsAndTailsOfEveryLength) {
    for (std::uint64_t head = 0; head < 16; ++head) {
        for (std::uint64_t bytes = 1; bytes < 40; bytes += 1 + bytes / 5) {
            Case work = make_case("edges", {{head, head, bytes}}, head);
            ASSERT_TRUE(small_blocks().run(work, 1)) << head << ", " << bytes << " bytes";
        }
    }
}

TEST(Kernel, PiecesThatShareASlotDoNotTouchEachOther) {
    std::vector<Span> spans;
    std::uint64_t next = 0;
    for (std::uint64_t bytes = 1; bytes < 40; ++bytes) {
        spans.push_back({next * 2, next, bytes});
        next += bytes;
    }
    Case work = make_case("touching pieces", spans, 5);
    EXPECT_TRUE(small_blocks().run(work, 8));
}

TEST(Kernel, ZerosOfEveryKind) {
    Case work = make_case("zeros", {{Span::kZeros, 3, 9000}, {7, 9007, 3000}, {Span::kZeros, 13001, 1}}, 6);
    EXPECT_TRUE(small_blocks().run(work, 8));
}

TEST(Kernel, OnlyZerosReadNothing) {
    Case work = make_case("only zeros", {{Span::kZeros, 0, 4096}}, 6);
    EXPECT_TRUE(small_blocks().run(work, 8));
    EXPECT_EQ(small_blocks().counters().bytes(Access::wide), 0u);
}

TEST(Kernel, ALaunchAfterALaunchFindsItsTicketReset) {
    for (int i = 0; i < 20; ++i) {
        Case work = many_pieces(40, 300, static_cast<std::uint64_t>(i));
        ASSERT_TRUE(small_blocks().run(work, i % 2 == 0 ? 8 : 3)) << "launch " << i;
    }
}

TEST(Kernel, EveryBlockTakesATicketAndOnePublishes) {
    Case work = make_case("tiles", {{0, 0, 20 * 2048}}, 8);
    for (const std::uint32_t budget : {1u, 2u, 8u, 20u, 132u}) {
        ASSERT_TRUE(small_blocks().run(work, budget));
        EXPECT_EQ(small_blocks().blocks(), std::min(budget, 20u));
        EXPECT_EQ(small_blocks().counters().tickets, std::min(budget, 20u));
        EXPECT_EQ(small_blocks().counters().publishes, 1u);
    }
}

TEST(Kernel, TheRealBlockCopiesWhatTheSmallOneDoes) {
    Case aligned = make_case("real block", {{0, 0, 200000}, {200001, 200000, 3001}, {203010, 203010, 40000}}, 9);
    EXPECT_TRUE(real_blocks().run(aligned, 8));
    Case shifted = make_case("real block, shifted", {{3, 0, 70000}, {70010, 70001, 8000}, {78020, 78002, 9}}, 9);
    EXPECT_TRUE(real_blocks().run(shifted, 2));
}

TEST(Kernel, TheRealBlockTakesRandomWork) {
    for (std::uint64_t seed = 0; seed < (kThreadSanitizer ? 4u : 20u); ++seed) {
        Case work = random_case(90000 + seed);
        ASSERT_TRUE(real_blocks().run(work, seed % 2 == 0 ? 8 : 1));
    }
}

class PieceCount : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(PieceCount, IsCopiedByTheWayThatFits) {
    Case work = many_pieces(GetParam(), 9, GetParam());
    EXPECT_TRUE(small_blocks().run(work, 8));
}

TEST_P(PieceCount, IsCopiedFromAList) {
    Case work = many_pieces(GetParam(), 21, GetParam());
    EXPECT_TRUE(small_blocks().run(work, 132, Way::list));
}

INSTANTIATE_TEST_SUITE_P(AroundEveryLimit, PieceCount,
                         ::testing::Values(0, 1, 2, 252, 253, 254, 2043, 2044, 2045, 2046, 5000));

}  // namespace
}  // namespace remit::gpu::test
