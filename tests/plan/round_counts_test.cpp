#include "execution.hpp"
#include "memory_pool.hpp"
#include "plan/round.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace remit::plan {
namespace {

/// Whole blocks from contiguous tensors, nothing cut: what the design counts.
class RoundCounts : public ::testing::Test {
protected:
    RoundCounts() {
        settings.chunk_bytes = settings.max_write = 1u << 30;
        settings.gather = Gather::always;
    }

    static Layout layout_of(Arrangement arrangement, std::uint32_t deepstack = 0) {
        return Layout::multimodal({128, 8192, DType::bf16, deepstack, arrangement});
    }

    static BlockTable neighbours(std::uint32_t count) {
        BlockTable table(count);
        std::iota(table.begin(), table.end(), 3u);
        return table;
    }

    static BlockTable scattered(std::uint32_t count) {
        BlockTable table;
        for (BlockId block = 0; block < count; ++block) table.push_back(2 * (block * 7 % count));
        return table;
    }

    /// Plans tokens that fill the blocks of `table`, from tensors of 16384 tokens that are never read.
    void plan_blocks(const Layout& layout, const BlockTable& table, std::uint64_t first_token) {
        const std::vector<std::uint64_t> bases{0x100'0000'0000, 0x200'0000'0000, 0x300'0000'0000, 0x400'0000'0000,
                                               0x500'0000'0000};
        const BlockMap source = place_tensors(layout, 16384, bases);
        const BlockMap destination = distant_map(layout, 64);
        const TokenRange range{first_token, table.size() * 128};
        const BlockTable one{0};
        const RoundRequest request{layout,
                                   {source, one, 0},
                                   {destination, table, first_token},
                                   range,
                                   first_token == 0 ? 0x600'0000'0000u : 0u};
        const auto planned = plan_round(request, settings, plan);
        ASSERT_TRUE(planned) << planned.error();
    }

    RoundSettings settings;
    RoundPlan plan;
};

TEST_F(RoundCounts, EightNeighbouringBlocksCostFourWritesInRoundZero) {
    plan_blocks(layout_of(Arrangement::segments), neighbours(8), 0);
    EXPECT_EQ(plan.writes.size(), 4u);
    EXPECT_EQ(plan.chunks.size(), 1u);
    EXPECT_EQ(plan.bytes, plan.payload);
}

TEST_F(RoundCounts, EightNeighbouringBlocksCostThreeWritesInALaterRound) {
    plan_blocks(layout_of(Arrangement::segments), neighbours(8), 1024);
    EXPECT_EQ(plan.writes.size(), 3u);
    EXPECT_EQ(plan.bytes, plan.payload);
}

TEST_F(RoundCounts, DeepstackAddsOneWrite) {
    plan_blocks(layout_of(Arrangement::segments, 2), neighbours(8), 0);
    EXPECT_EQ(plan.writes.size(), 5u);
}

TEST_F(RoundCounts, EightNeighbouringSlabsCostOneWriteInEveryRound) {
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1024}}) {
        plan_blocks(layout_of(Arrangement::slab), neighbours(8), first);
        EXPECT_EQ(plan.writes.size(), 1u);
        // The unused aux of all blocks but the last, since no filler ends a write.
        EXPECT_EQ(plan.bytes - plan.payload, (first == 0 ? 6u : 7u) * 64);
    }
}

TEST_F(RoundCounts, SixteenScatteredBlocksCostAWriteForEachRunOfRows) {
    plan_blocks(layout_of(Arrangement::segments), scattered(16), 0);
    EXPECT_EQ(plan.writes.size(), 16u * 3 + 1) << "the three planes of mrope touch where blocks are whole";
    plan_blocks(layout_of(Arrangement::segments), scattered(16), 2048);
    EXPECT_EQ(plan.writes.size(), 16u * 3);
}

TEST_F(RoundCounts, SixteenScatteredSlabsCostSixteenWrites) {
    plan_blocks(layout_of(Arrangement::slab), scattered(16), 0);
    EXPECT_EQ(plan.writes.size(), 16u);
    plan_blocks(layout_of(Arrangement::slab), scattered(16), 2048);
    EXPECT_EQ(plan.writes.size(), 16u);
}

TEST_F(RoundCounts, ContiguousTensorsIntoNeighbouringBlocksCostOneCopyASegmentButMrope) {
    plan_blocks(layout_of(Arrangement::segments), neighbours(8), 0);
    // mrope: three planes of eight blocks, whose source rows do not follow each other.
    EXPECT_EQ(plan.copies.size(), 1u + 1 + 8 * 3 + 1);
}

TEST_F(RoundCounts, EachCutByTheChunkAddsOneWrite) {
    settings.chunk_bytes = 4u << 20;
    plan_blocks(layout_of(Arrangement::segments), neighbours(8), 0);
    EXPECT_EQ(plan.chunks.size(), 5u) << "16 MiB and a little";
    EXPECT_EQ(plan.writes.size(), 4u + plan.chunks.size() - 1 - 1) << "a cut that falls between two segments adds none";
}

TEST_F(RoundCounts, EachCutByTheLongestWriteAddsOneWrite) {
    settings.max_write = 8u << 20;
    plan_blocks(layout_of(Arrangement::segments), neighbours(8), 0);
    EXPECT_EQ(plan.writes.size(), 4u + 1);
}

TEST_F(RoundCounts, ASlabIsOneWriteThoughAWriteMayHaveOnePieceOnly) {
    settings.max_pieces = 1;
    plan_blocks(layout_of(Arrangement::slab), neighbours(8), 0);
    EXPECT_EQ(plan.writes.size(), 1u);
    EXPECT_EQ(plan.pieces.size(), 1u);
}

TEST_F(RoundCounts, WithoutFillerASlabIsCutAtItsUnusedBytes) {
    settings.filler_bytes = 0;
    plan_blocks(layout_of(Arrangement::slab), neighbours(8), 1024);
    EXPECT_EQ(plan.bytes, plan.payload);
    EXPECT_EQ(plan.writes.size(), 8u) << "aux is a slab's last segment";
}

TEST_F(RoundCounts, AFillerIsNeverLongerThanPermitted) {
    // 100 of 128 tokens: the gaps of 28 rows are filled in fill_ids (112 bytes) and mrope, not in embeddings.
    const Layout layout = layout_of(Arrangement::slab);
    const auto source = make_tensors(layout, 100);
    const auto destination = make_pool(layout, 1);
    const BlockTable one{0};
    const RoundRequest request{
        layout, {source->map, one, 0}, {destination->map, one, 0}, {0, 100}, source->map.segments[3].base};
    ASSERT_TRUE(plan_round(request, settings, plan));
    EXPECT_EQ(plan.writes.size(), 2u);
    EXPECT_EQ(plan.bytes - plan.payload, 4u * 112);
    EXPECT_TRUE(execute(request, settings, plan, *destination));
    settings.filler_bytes = 111;
    ASSERT_TRUE(plan_round(request, settings, plan));
    EXPECT_EQ(plan.bytes, plan.payload);
}

}  // namespace
}  // namespace remit::plan
