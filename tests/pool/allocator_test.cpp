#include "pool/allocator.hpp"

#include <remit/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

namespace remit::pool {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using State = BlockAllocator::State;

BlockTable take(BlockAllocator& allocator, std::uint32_t count, std::uint64_t owner = 1) {
    BlockTable table;
    EXPECT_TRUE(allocator.allocate(count, owner, table));
    EXPECT_EQ(table.size(), count);
    return table;
}

bool neighbours(const BlockTable& table) {
    for (std::size_t i = 1; i < table.size(); ++i) {
        if (table[i] != table[i - 1] + 1) return false;
    }
    return true;
}

template <class Call>
std::string misuse(Call call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::misuse);
        return error.what();
    }
    return {};
}

std::vector<State> states(const BlockAllocator& allocator) {
    std::vector<State> out;
    for (BlockId block = 0; block < allocator.blocks(); ++block) out.push_back(allocator.state(block));
    return out;
}

TEST(Allocator, AFreshPoolGivesNeighboursInOrder) {
    BlockAllocator allocator(100);
    EXPECT_TRUE(neighbours(take(allocator, 60)));
    EXPECT_TRUE(neighbours(take(allocator, 40)));
    EXPECT_EQ(allocator.free_blocks(), 0u);
}

TEST(Allocator, NeighboursArePreferredWhereARunIsLongEnough) {
    BlockAllocator allocator(32);
    const BlockTable all = take(allocator, 32);
    // Free: 1, 3, 5, 7 and the run 16 … 23.
    const BlockTable holes{1, 3, 5, 7, 16, 17, 18, 19, 20, 21, 22, 23};
    allocator.free(holes);
    const BlockTable table = take(allocator, 8);
    EXPECT_THAT(table, ElementsAre(16, 17, 18, 19, 20, 21, 22, 23));
}

TEST(Allocator, ASmallRequestDoesNotCutALongRunWhileAShortOneFits) {
    BlockAllocator allocator(32);
    (void)take(allocator, 32);
    const BlockTable long_run{16, 17, 18, 19, 20, 21, 22, 23};
    const BlockTable short_run{3, 4};
    allocator.free(short_run);
    allocator.free(long_run);
    EXPECT_THAT(take(allocator, 2), ElementsAre(3, 4));
    EXPECT_TRUE(neighbours(take(allocator, 8)));
}

TEST(Allocator, AFragmentedPoolIsUsedToTheLastBlock) {
    BlockAllocator allocator(33);
    (void)take(allocator, 33);
    BlockTable odd;
    for (BlockId block = 1; block < 33; block += 2) odd.push_back(block);
    allocator.free(odd);
    BlockTable table = take(allocator, 16);
    std::sort(table.begin(), table.end());
    EXPECT_EQ(table, odd);
}

TEST(Allocator, TheLongestRunsAreTakenFirstWhereNoneIsLongEnough) {
    BlockAllocator allocator(32);
    (void)take(allocator, 32);
    allocator.free(BlockTable{1, 3, 5, 7, 10, 11, 12, 13, 20, 21, 22, 23});
    const BlockTable table = take(allocator, 9);
    int cuts = 0;
    for (std::size_t i = 1; i < table.size(); ++i) cuts += table[i] != table[i - 1] + 1;
    EXPECT_EQ(cuts, 2) << "two runs of four and one single block";
}

TEST(Allocator, FreedNeighboursMergeInAnyOrderOfFreeing) {
    std::vector<BlockId> order(6);
    std::iota(order.begin(), order.end(), 0u);
    do {
        BlockAllocator allocator(6);
        (void)take(allocator, 6);
        for (const BlockId block : order) allocator.free({&block, 1});
        EXPECT_TRUE(neighbours(take(allocator, 6)));
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Allocator, ExhaustionTakesNothing) {
    BlockAllocator allocator(10);
    (void)take(allocator, 4);
    BlockTable table{99};
    EXPECT_FALSE(allocator.allocate(7, 1, table));
    EXPECT_FALSE(allocator.allocate(0xffffffffu, 1, table));
    EXPECT_THAT(table, ElementsAre(99));
    EXPECT_EQ(allocator.free_blocks(), 6u);
    EXPECT_EQ(take(allocator, 6).size(), 6u);
}

TEST(Allocator, AllocateAppendsToTheTable) {
    BlockAllocator allocator(10);
    BlockTable table;
    EXPECT_TRUE(allocator.allocate(3, 1, table));
    EXPECT_TRUE(allocator.allocate(0, 1, table));
    EXPECT_TRUE(allocator.allocate(2, 1, table));
    EXPECT_THAT(table, ElementsAre(0, 1, 2, 3, 4));
}

TEST(Allocator, DoubleFreeIsNamedAndChangesNothing) {
    BlockAllocator allocator(10);
    (void)take(allocator, 10, 42);
    allocator.free(BlockTable{3});
    const auto before = states(allocator);
    EXPECT_THAT(misuse([&] {
                    allocator.free(BlockTable{1, 2, 3});
                }),
                AllOf(HasSubstr("block 3"), HasSubstr("free already"), HasSubstr("42")));
    EXPECT_EQ(states(allocator), before);
    EXPECT_EQ(allocator.free_blocks(), 1u);
    allocator.free(BlockTable{1, 2});
    EXPECT_EQ(allocator.free_blocks(), 3u);
}

TEST(Allocator, AForeignBlockIsNamedAndChangesNothing) {
    BlockAllocator allocator(10);
    (void)take(allocator, 10);
    for (const BlockId foreign : {BlockId{10}, BlockId{0xffffffffu}}) {
        EXPECT_THAT(misuse([&] {
                        allocator.free(BlockTable{0, foreign});
                    }),
                    AllOf(HasSubstr(std::to_string(foreign)), HasSubstr("foreign"), HasSubstr("0 to 9")));
        EXPECT_THAT(misuse([&] { allocator.quarantine(BlockTable{0, foreign}); }), HasSubstr("foreign"));
    }
    EXPECT_EQ(allocator.free_blocks(), 0u);
    EXPECT_EQ(allocator.quarantined_blocks(), 0u);
}

TEST(Allocator, ABlockTwiceInOneCallIsNamedAndChangesNothing) {
    BlockAllocator allocator(10);
    (void)take(allocator, 10);
    EXPECT_THAT(misuse([&] {
                    allocator.free(BlockTable{4, 5, 6, 5});
                }),
                AllOf(HasSubstr("block 5"), HasSubstr("twice in one call")));
    EXPECT_EQ(allocator.free_blocks(), 0u);
    allocator.free(BlockTable{4, 5, 6});  // no mark is left behind
    EXPECT_EQ(allocator.free_blocks(), 3u);
    EXPECT_TRUE(neighbours(take(allocator, 3)));
}

TEST(Allocator, QuarantinedBlocksAreNeverHandedOutUntilFreed) {
    BlockAllocator allocator(10);
    (void)take(allocator, 10, 8);
    allocator.quarantine(BlockTable{2, 3});
    allocator.quarantine(BlockTable{3});
    allocator.free(BlockTable{1, 4});
    EXPECT_EQ(allocator.quarantined_blocks(), 2u);
    EXPECT_EQ(allocator.free_blocks(), 2u);
    BlockTable table;
    EXPECT_FALSE(allocator.allocate(3, 1, table));
    EXPECT_TRUE(allocator.allocate(2, 1, table));
    std::sort(table.begin(), table.end());
    EXPECT_THAT(table, ElementsAre(1, 4));
    allocator.free(BlockTable{2, 3});
    EXPECT_EQ(allocator.quarantined_blocks(), 0u);
    EXPECT_THAT(take(allocator, 2), ElementsAre(2, 3));
}

TEST(Allocator, QuarantineOfAFreeBlockIsMisuseAndChangesNothing) {
    BlockAllocator allocator(4);
    const BlockTable table = take(allocator, 2);
    EXPECT_THAT(misuse([&] {
                    allocator.quarantine(BlockTable{0, 1, 2});
                }),
                AllOf(HasSubstr("quarantine of block 2"), HasSubstr("free")));
    EXPECT_EQ(allocator.quarantined_blocks(), 0u);
    EXPECT_EQ(allocator.state(0), State::allocated);
}

// Invariant 11.
TEST(Allocator, DoubleFreeForeignBlockAndLeakAreDetectedAndNamed) {
    BlockAllocator allocator(8);
    (void)take(allocator, 3, 100);
    (void)take(allocator, 2, 200);
    allocator.quarantine(BlockTable{4});
    allocator.free(BlockTable{1});
    const auto leaks = allocator.leaks();
    ASSERT_EQ(leaks.size(), 4u);
    EXPECT_EQ(leaks[0].block, 0u);
    EXPECT_EQ(leaks[0].owner, 100u);
    EXPECT_EQ(leaks[1].block, 2u);
    EXPECT_EQ(leaks[2].owner, 200u);
    EXPECT_EQ(leaks[2].state, State::allocated);
    EXPECT_EQ(leaks[3].block, 4u);
    EXPECT_EQ(leaks[3].state, State::quarantined);
    EXPECT_THAT(misuse([&] { allocator.free(BlockTable{1}); }), HasSubstr("block 1"));
    EXPECT_THAT(misuse([&] { allocator.free(BlockTable{8}); }), HasSubstr("block 8"));
}

TEST(Allocator, APoolOfOneBlockWorks) {
    BlockAllocator allocator(1);
    for (int i = 0; i < 3; ++i) {
        const BlockTable table = take(allocator, 1);
        EXPECT_THAT(table, ElementsAre(0));
        BlockTable more;
        EXPECT_FALSE(allocator.allocate(1, 1, more));
        allocator.free(table);
    }
    EXPECT_THAT(allocator.leaks(), IsEmpty());
}

TEST(Allocator, APoolOfNoBlocksGivesNone) {
    BlockAllocator allocator(0);
    BlockTable table;
    EXPECT_TRUE(allocator.allocate(0, 1, table));
    EXPECT_FALSE(allocator.allocate(1, 1, table));
    EXPECT_THAT(misuse([&] { allocator.free(BlockTable{0}); }), HasSubstr("foreign"));
    EXPECT_THAT(allocator.leaks(), IsEmpty());
}

}  // namespace
}  // namespace remit::pool
