#include "execution.hpp"
#include "memory_pool.hpp"
#include "plan/round.hpp"
#include "plan/scatter.hpp"

#include "memory/host_copy.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace remit::plan {
namespace {

/// One request in rounds: written into a pool, moved out into a sink, as the two workers do.
class Resume : public ::testing::TestWithParam<std::tuple<Arrangement, Arrangement>> {
protected:
    static Layout layout_of(Arrangement arrangement) {
        return Layout::multimodal({128, 16, DType::bf16, 1, arrangement});
    }

    void round(TokenRange range, const BlockTable& table) {
        const BlockTable all{0};
        const RoundRequest request{there,
                                   {source->map, all, 0},
                                   {pool->map, table, range.first},
                                   range,
                                   range.first == 0 ? source->map.segments[3].base : 0};
        RoundPlan plan;
        const auto planned = plan_round(request, {}, plan);
        ASSERT_TRUE(planned) << planned.error();
        ASSERT_TRUE(execute(request, {}, plan, *pool));
        if (range.first == 0) std::memcpy(aux.data(), at(*pool, 3, table[0], 0, 0), sizeof(Aux));
        std::vector<memory::Copy> copies;
        const auto scattered = plan_scatter(here, {pool->map, table, range.first}, sink->map, range, copies);
        ASSERT_TRUE(scattered) << scattered.error();
        memory::HostCopyExecutor().submit(copies, 0);
    }

    static const std::byte* at(const MemoryPool& memory, std::size_t s, BlockId block, std::uint32_t plane,
                               std::uint64_t token) {
        return reinterpret_cast<const std::byte*>(
            memory.map.address(s, block, plane, token, memory.layout.segments()[s].token_bytes));
    }

    /// Every segment of the sink equals the source, and aux was kept.
    void expect_whole() const {
        for (std::size_t s = 0; s < here.segments().size(); ++s) {
            if (s == 3) continue;
            const std::uint64_t bytes = here.segments()[s].block_bytes(total);
            EXPECT_EQ(std::memcmp(at(*sink, s, 0, 0, 0), at(*source, s, 0, 0, 0), bytes), 0) << "segment " << s;
        }
        EXPECT_EQ(std::memcmp(aux.data(), at(*source, 3, 0, 0, 0), sizeof(Aux)), 0);
    }

    static constexpr std::uint64_t total = 2000;
    const Layout there = layout_of(std::get<0>(GetParam()));
    const Layout here = layout_of(std::get<1>(GetParam()));
    std::unique_ptr<MemoryPool> source = make_tensors(there, total, 1);
    std::unique_ptr<MemoryPool> pool = make_pool(here, 16, 2);
    std::unique_ptr<MemoryPool> sink = make_tensors(here, total, 3);
    Aux aux{};
};

INSTANTIATE_TEST_SUITE_P(Arrangements, Resume,
                         ::testing::Combine(::testing::Values(Arrangement::segments, Arrangement::slab),
                                            ::testing::Values(Arrangement::segments, Arrangement::slab)));

TEST_P(Resume, TwoThousandTokensReassembleFrom1024And976) {
    round({0, 1024}, {0, 1, 2, 3, 4, 5, 6, 7});
    round({1024, 976}, {8, 9, 10, 11, 12, 13, 14, 15});
    expect_whole();
}

TEST_P(Resume, RoundsMayUseTheSameBlocksAgainOnceTheyAreMovedOut) {
    round({0, 1024}, {7, 2, 5, 0, 1, 6, 3, 4});
    round({1024, 976}, {4, 3, 6, 1, 0, 5, 2, 7});
    expect_whole();
}

TEST_P(Resume, ManyRoundsThatEndInsideBlocksReassemble) {
    std::uint64_t done = 0;
    for (std::uint64_t step = 1; done < total; step = step * 3 % 301) {
        const std::uint64_t count = std::min(step, total - done);
        BlockTable table;
        for (std::uint64_t i = 0; i * 128 < count; ++i) table.push_back(static_cast<BlockId>((done + 5 * i) % 16));
        round({done, count}, table);
        done += count;
    }
    expect_whole();
}

TEST_P(Resume, MropeRowsHAndWStayRightWhereARoundEndsInsideABlock) {
    const BlockTable table{9, 4};
    round({0, 200}, table);
    for (std::uint64_t token = 0; token < 200; ++token) {
        for (std::uint32_t plane = 0; plane < 3; ++plane) {
            // The row is found from the block size alone: 3 planes of 128 rows, of which 72 are valid.
            const std::uint64_t row = pool->map.segments[2].base +
                                      table[token / 128] * pool->map.segments[2].block_stride + plane * 128 * 4 +
                                      token % 128 * 4;
            ASSERT_EQ(std::memcmp(reinterpret_cast<const std::byte*>(row), at(*source, 2, 0, plane, token), 4), 0)
                << "plane " << plane << ", token " << token;
        }
    }
}

TEST_P(Resume, AuxTravelsInRoundZeroOnlyAndInTheFirstBlockOnly) {
    const auto aux_writes = [&](TokenRange range, std::uint64_t aux_source, BlockId block) {
        const BlockTable all{0};
        const BlockTable table{block, 3};
        const RoundRequest request{there, {source->map, all, 0}, {pool->map, table, range.first}, range, aux_source};
        RoundSettings settings;
        settings.filler_bytes = 0;
        settings.gather = Gather::always;
        RoundPlan plan;
        EXPECT_TRUE(plan_round(request, settings, plan));
        int covered = 0;
        for (BlockId b = 0; b < 16; ++b) {
            const std::uint64_t first = pool->map.address(3, b, 0, 0, 64);
            for (const Write& write : plan.writes) {
                if (write.remote >= first + 64 || write.remote + write.bytes <= first) continue;
                EXPECT_EQ(b, block);
                ++covered;
            }
        }
        return covered;
    };
    const std::uint64_t aux_source = source->map.segments[3].base;
    EXPECT_EQ(aux_writes({0, 200}, aux_source, 9), 1);
    EXPECT_EQ(aux_writes({0, 200}, aux_source, 1), 1);
    EXPECT_EQ(aux_writes({0, 200}, 0, 9), 0);
    EXPECT_EQ(aux_writes({200, 200}, 0, 9), 0);
}

}  // namespace
}  // namespace remit::plan
