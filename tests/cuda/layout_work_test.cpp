#include "emulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace remit::gpu::test {
namespace {

using shim::Access;

/// Two default blocks: what a chunk of 4 MiB carries.
LayoutCase default_layout() {
    return {.block_tokens = 128, .hidden_bytes = 16384, .tokens = 256};
}

double wide_share(const shim::Counters& counters, std::uint64_t bytes) {
    const std::uint64_t wide = std::min(counters.bytes(Access::wide), counters.stored_wide);
    return static_cast<double>(wide) / static_cast<double>(bytes);
}

TEST(LayoutWork, ADefaultChunkTakesTheSixteenBytePath) {
    Case work = layout_case(default_layout(), 1);
    ASSERT_TRUE(small_blocks().run(work, 132));
    EXPECT_GE(wide_share(small_blocks().counters(), work.bytes()), 0.999);
}

TEST(LayoutWork, ADefaultScatterTakesTheSixteenBytePath) {
    LayoutCase shape = default_layout();
    shape.scatter = true;
    Case work = layout_case(shape, 2);
    ASSERT_TRUE(small_blocks().run(work, 132));
    EXPECT_GE(wide_share(small_blocks().counters(), work.bytes()), 0.999);
}

TEST(LayoutWork, APartialLastBlockTakesTheSixteenBytePath) {
    LayoutCase shape = default_layout();
    shape.tokens = 201;
    Case work = layout_case(shape, 3);
    ASSERT_TRUE(small_blocks().run(work, 8));
    EXPECT_GE(wide_share(small_blocks().counters(), work.bytes()), 0.999);
}

TEST(LayoutWork, SourcesOffTheGridTakeTheSixteenBytePathToo) {
    LayoutCase shape = default_layout();
    shape.shift = 4;
    shape.tokens = 128;
    Case work = layout_case(shape, 4);
    ASSERT_TRUE(small_blocks().run(work, 8));
    EXPECT_GE(wide_share(small_blocks().counters(), work.bytes()), 0.999)
        << "the region starts each run as its source starts, modulo 16";
}

TEST(LayoutWork, TheBusiestBlockIsWithinATileOfTheMean) {
    Case work = layout_case({.block_tokens = 128, .hidden_bytes = 2560, .tokens = 1000}, 5);
    for (const std::uint32_t budget : {1u, 8u, 132u}) {
        ASSERT_TRUE(small_blocks().run(work, budget));
        std::uint64_t busiest = 0;
        for (const auto& [block, bytes] : small_blocks().counters().stored_by_block) {
            busiest = std::max(busiest, bytes);
        }
        const std::uint64_t mean = work.bytes() / small_blocks().blocks();
        EXPECT_LE(busiest, mean + shim::SmallShape::tile_slots * kSlotBytes) << "budget " << budget;
    }
}

TEST(LayoutWork, ManySmallPiecesAreSharedOutLikeOneLargeOne) {
    Case work = many_pieces(2000, 48, 6);
    ASSERT_TRUE(small_blocks().run(work, 8));
    EXPECT_EQ(small_blocks().counters().stored_by_block.size(), 8u);
}

}  // namespace
}  // namespace remit::gpu::test
