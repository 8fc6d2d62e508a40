#include "memory_pool.hpp"
#include "plan/round.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remit::plan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kMost = ~std::uint64_t{0};

/// A good round of 40 tokens into 3 of 8 blocks of 16, of which each test spoils one thing.
class RoundRefusal : public ::testing::TestWithParam<Arrangement> {
protected:
    /// The message of the refusal, empty where the round is planned; nothing is planned with a message.
    std::string refusal() {
        RoundPlan plan;
        plan.copies.resize(3);  // of a former round
        const RoundRequest request{
            layout, {source, source_table, source_first}, {destination, table, first_token}, range, aux};
        const auto planned = plan_round(request, settings, plan);
        EXPECT_EQ(plan.writes.empty(), !planned);
        EXPECT_EQ(plan.chunks.empty(), !planned);
        if (planned) return {};
        EXPECT_TRUE(plan.copies.empty());
        EXPECT_TRUE(plan.pieces.empty());
        EXPECT_EQ(plan.bytes, 0u);
        EXPECT_EQ(plan.payload, 0u);
        return planned.error();
    }

    const Layout layout = Layout::multimodal({16, 8, DType::bf16, 1, GetParam()});
    BlockMap source = distant_map(layout, 8, 0x1000'0000);
    BlockMap destination = distant_map(layout, 8);
    BlockTable source_table{5, 6, 7};
    BlockTable table{4, 1, 2};
    std::uint64_t source_first = 0;
    std::uint64_t first_token = 0;
    TokenRange range{0, 40};
    std::uint64_t aux = 0x9000;
    RoundSettings settings;
};

INSTANTIATE_TEST_SUITE_P(Arrangements, RoundRefusal, ::testing::Values(Arrangement::segments, Arrangement::slab),
                         [](const auto& chosen) { return std::string(to_string(chosen.param)); });

TEST_P(RoundRefusal, TheUnspoiledRoundIsPlanned) {
    EXPECT_EQ(refusal(), "");
}

TEST_P(RoundRefusal, ADestinationBlockNamedTwice) {
    table = {4, 1, 4};
    EXPECT_THAT(refusal(), AllOf(HasSubstr("destination block 4"), HasSubstr("twice")));
    table = {4, 4, 1};
    EXPECT_THAT(refusal(), HasSubstr("destination block 4"));
}

TEST_P(RoundRefusal, ABlockOutsideThePool) {
    for (const BlockId outside : {BlockId{8}, BlockId{0xffffffffu}}) {
        table = {4, 1, outside};
        EXPECT_THAT(refusal(), AllOf(HasSubstr("destination block " + std::to_string(outside)), HasSubstr("8 blocks")));
    }
    table = {4, 1, 2};
    source_table = {0, 8, 1};
    EXPECT_THAT(refusal(), HasSubstr("source block 8"));
}

// The blocks beyond the range are the request's too: a table with such an entry is not to be trusted.
TEST_P(RoundRefusal, AnUnusedEntryOfTheDestinationTable) {
    table = {4, 1, 2, 8};
    EXPECT_THAT(refusal(), HasSubstr("destination block 8"));
    table = {4, 1, 2, 1};
    EXPECT_THAT(refusal(), AllOf(HasSubstr("destination block 1"), HasSubstr("twice")));
    table = {4, 1, 2, 3};
    EXPECT_EQ(refusal(), "");
}

TEST_P(RoundRefusal, ARangeThatDoesNotFitItsBlocks) {
    range = {0, 48};
    EXPECT_EQ(refusal(), "");
    range = {0, 49};
    EXPECT_THAT(refusal(), AllOf(HasSubstr("49"), HasSubstr("do not fit 3 source blocks of 16")));
    source_table = {5, 6, 7, 0};
    EXPECT_THAT(refusal(), HasSubstr("do not fit 3 destination blocks"));
    table.clear();
    EXPECT_THAT(refusal(), HasSubstr("0 destination blocks"));
}

TEST_P(RoundRefusal, AnEmptyRange) {
    range = {0, 0};
    EXPECT_THAT(refusal(), HasSubstr("[0, 0+0)"));
}

TEST_P(RoundRefusal, ARangeThatStartsBeforeItsBlocks) {
    first_token = 1;
    range = {0, 10};
    EXPECT_THAT(refusal(), HasSubstr("from token 1 on"));
    first_token = 0;
    source_first = 1;
    EXPECT_THAT(refusal(), HasSubstr("from token 1 on"));
}

// Filler would wipe out what an earlier round wrote into the same blocks.
TEST_P(RoundRefusal, ARoundThatStartsInsideItsBlocks) {
    range = {3, 10};
    EXPECT_THAT(refusal(), AllOf(HasSubstr("starts at token 3"), HasSubstr("from token 0 on")));
}

TEST_P(RoundRefusal, RangesThatPass64Bits) {
    range = {kMost, 2};
    first_token = kMost;
    EXPECT_THAT(refusal(), HasSubstr("do not fit"));
    range = {kMost - 60, 40};  // fits, but the end of the blocks does not
    first_token = source_first = kMost - 40;
    EXPECT_THAT(refusal(), HasSubstr("do not fit"));
    first_token = source_first = kMost - 20;
    range = {kMost - 20, 10};
    EXPECT_THAT(refusal(), HasSubstr("do not fit"));
}

TEST_P(RoundRefusal, BlockSizesThatPass64Bits) {
    destination.block_size = std::uint64_t{1} << 62;
    destination.blocks = 1;
    table = {0};
    EXPECT_THAT(refusal(), HasSubstr("address space"));
}

TEST_P(RoundRefusal, AnUnregisteredDestination) {
    destination.segments[2].registration = kUnregistered;
    EXPECT_THAT(refusal(), HasSubstr("destination is not registered"));
}

TEST_P(RoundRefusal, AnUnknownRegistration) {
    destination.segments[2].registration = 1;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("mrope_positions"), HasSubstr("registration 1")));
}

TEST_P(RoundRefusal, AMapThatLeavesItsRegistration) {
    destination.registrations[0].address += 1;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("destination"), HasSubstr("leaves its registration")));
    destination = distant_map(layout, 8);
    destination.blocks = 500;
    EXPECT_THAT(refusal(), HasSubstr("leaves its registration"));
    destination = distant_map(layout, 8);
    source.registrations[0].length = 10;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("source"), HasSubstr("leaves its registration")));
}

TEST_P(RoundRefusal, AddressesThatWrap) {
    for (const std::uint64_t stride : {kMost, std::uint64_t{1} << 63}) {
        destination.segments[0].block_stride = stride;
        EXPECT_THAT(refusal(), AllOf(HasSubstr("embeddings"), HasSubstr("address space")));
    }
    destination = distant_map(layout, 8);
    destination.segments[1].base = kMost - 2;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("fill_ids"), HasSubstr("address space")));
}

TEST_P(RoundRefusal, MapsOfAnotherShape) {
    destination.segments.pop_back();
    EXPECT_THAT(refusal(), HasSubstr("4 segments"));
    destination = distant_map(layout, 8);
    destination.blocks = 0;
    EXPECT_THAT(refusal(), HasSubstr("0 blocks"));
    destination = distant_map(layout, 8);
    destination.block_size = 0;
    EXPECT_THAT(refusal(), HasSubstr("0 tokens"));
}

TEST_P(RoundRefusal, SettingsOutOfRange) {
    settings.max_write = 0;
    EXPECT_THAT(refusal(), HasSubstr("max_write 0"));
    settings = {};
    settings.chunk_bytes = 4095;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("chunk_bytes 4095"), HasSubstr("at least 4096")));
    settings = {};
    settings.max_pieces = 0;
    EXPECT_THAT(refusal(), HasSubstr("max_pieces 0"));
    settings.max_pieces = 1;
    settings.chunk_bytes = 4096;
    settings.max_write = 1;
    EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace remit::plan
