#include "memory_pool.hpp"
#include "plan/round.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace remit::plan {
namespace {

/// Rounds of hundreds of gigabytes, planned and not carried out.
class RoundLimits : public ::testing::Test {
protected:
    void plan_tokens(std::uint64_t tokens) {
        const std::vector<std::uint64_t> bases{std::uint64_t{1} << 44, std::uint64_t{2} << 44, std::uint64_t{3} << 44,
                                               std::uint64_t{4} << 44};
        const BlockMap source = place_tensors(layout, tokens, bases);
        const auto blocks = static_cast<std::uint32_t>(layout.blocks_for(tokens));
        const BlockMap destination = distant_map(layout, blocks);
        BlockTable table(blocks);
        for (BlockId block = 0; block < blocks; ++block) table[block] = block;
        const BlockTable one{0};
        const RoundRequest request{layout, {source, one, 0}, {destination, table, 0}, {0, tokens}, 0x1000};
        const auto planned = plan_round(request, settings, plan);
        ASSERT_TRUE(planned) << planned.error();
    }

    const Layout layout = Layout::multimodal({4096, 1048576, DType::fp32, 0, Arrangement::segments});
    RoundSettings settings;
    RoundPlan plan;
};

TEST_F(RoundLimits, PiecesAddUpToTheirWriteBeyond32Bits) {
    settings.chunk_bytes = std::uint64_t{1} << 40;
    settings.max_write = std::uint64_t{1} << 40;
    for (const Gather gather : {Gather::always, Gather::never}) {
        settings.gather = gather;
        plan_tokens(8192);
        std::uint64_t bytes = 0;
        for (const Write& write : plan.writes) {
            std::uint64_t sum = 0;
            for (std::uint32_t i = 0; i < write.pieces; ++i) sum += plan.pieces[write.first_piece + i].bytes;
            EXPECT_EQ(sum, write.bytes);
            bytes += sum;
        }
        EXPECT_EQ(bytes, plan.payload);
        EXPECT_EQ(bytes, 8192ull * (4u << 20) + 8192 * 16 + 64);
    }
}

TEST_F(RoundLimits, CutsKeepTheAlignmentOfALongPiece) {
    settings.gather = Gather::always;
    settings.chunk_bytes = (4u << 20) + 52;
    settings.max_write = (1u << 20) + 20;
    plan_tokens(64);
    for (const Write& write : plan.writes) {
        EXPECT_EQ(write.remote % 64, 0u) << "cuts of page-aligned arrays fall on cache lines";
    }
}

TEST_F(RoundLimits, AChunkIsFilledToItsLastCacheLines) {
    settings.gather = Gather::always;
    plan_tokens(64);
    for (std::size_t i = 0; i + 1 < plan.chunks.size(); ++i) {
        EXPECT_GE(plan.chunks[i].region_bytes + 64 + 16, settings.chunk_bytes);
    }
}

}  // namespace
}  // namespace remit::plan
