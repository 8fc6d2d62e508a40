// What a round costs in work requests, doorbells and completions: counted where they are handed to the device.

#include "queue_scene.hpp"

#include <gtest/gtest.h>

namespace remit::worker::test {
namespace {

constexpr std::uint64_t kTokens = 16 * 64;  // sixteen whole blocks

QueueScene slabs() { return QueueScene({.send_regions = 16, .arrangement = Arrangement::slab, .chunk = 4u << 20}); }

std::uint64_t signaled(const Wire& wire) {
    std::uint64_t count = 0;
    for (const Request& request : wire.posted) count += request.signaled ? 1 : 0;
    return count;
}

TEST(Posts, SixteenScatteredBlocksOfFourSegmentsTakeSixteenRequestsOneDoorbellOneCompletion) {
    QueueScene scene = slabs();
    BlockTable scattered;
    for (BlockId block = 0; block < 16; ++block) scattered.push_back(3 * block + 1);
    scene.start_into(scattered, kTokens);
    scene.pump();
    EXPECT_EQ(scene.wire().posted.size(), 16U);
    EXPECT_EQ(scene.wire().doorbells, 1U);
    EXPECT_EQ(signaled(scene.wire()), 1U);
    EXPECT_EQ(scene.wire().posted.back().opcode, fabric::Opcode::write_with_immediate);
    EXPECT_EQ(scene.queue().counters().requests.value(), 16U);
    EXPECT_EQ(scene.queue().counters().doorbells.value(), 1U);
    EXPECT_EQ(scene.queue().counters().signaled.value(), 1U);
}

TEST(Posts, SixteenNeighboursTakeOne) {
    QueueScene scene = slabs();
    scene.start(kTokens);
    scene.pump();
    EXPECT_EQ(scene.wire().posted.size(), 1U);
    EXPECT_EQ(scene.wire().posted[0].opcode, fabric::Opcode::write_with_immediate);
}

TEST(Posts, SmallRequestsShareDoorbellsAndCompletions) {
    QueueScene scene = slabs();
    for (int i = 0; i < 12; ++i) scene.start(3);
    scene.pump();
    const Wire& wire = scene.wire();
    const std::uint64_t chains = (wire.posted.size() + 31) / 32;
    EXPECT_EQ(wire.doorbells, chains);
    EXPECT_EQ(signaled(wire), chains);
    for (std::uint64_t i = 1; i <= 12; ++i) EXPECT_FALSE(scene.written(i));
    while (!wire.in_flight[0].empty()) scene.deliver();
    for (std::uint64_t i = 1; i <= 12; ++i) EXPECT_TRUE(scene.written(i)) << i;
}

TEST(Posts, ASmallRequestsEndDoesNotWaitForTheLargeOneBehindIt) {
    QueueScene scene;
    const std::uint64_t small = scene.start(1);
    scene.start(8 * QueueScene::kTokensOfChunk);
    scene.pump();
    std::uint64_t large_bytes = 0;
    while (!scene.written(small)) {
        const std::uint64_t bytes = scene.wire().in_flight[0].front().bytes;
        if (scene.deliver() != small) large_bytes += bytes;
    }
    EXPECT_EQ(large_bytes, 0U);
}

TEST(Posts, EveryChunkOfALargeRequestAsksForACompletionOfItsOwn) {
    QueueScene scene;
    scene.start(8 * QueueScene::kTokensOfChunk);
    scene.pump();
    while (!scene.wire().in_flight[0].empty()) scene.deliver();
    EXPECT_GE(signaled(scene.wire()), 8U);
    EXPECT_LE(signaled(scene.wire()), 10U);
}

// -------------------------------------------------------------------------------------- a provider that refuses

TEST(Posts, WhereNoCompletionWouldTellWhenToPostAgainItIsLookedAtShortly) {
    using Wait = embedding::SendQueue::Wait;
    for (const std::size_t accepted : {std::size_t{0}, std::size_t{3}}) {
        QueueScene scene = slabs();
        scene.wire().accepts = accepted;  // of a chain of which only the last asks for a completion
        BlockTable scattered;
        for (BlockId block = 0; block < 16; ++block) scattered.push_back(3 * block + 1);
        const std::uint64_t attempt = scene.start_into(scattered, kTokens);
        scene.pump();
        EXPECT_EQ(scene.wire().posted.size(), accepted);
        EXPECT_EQ(scene.queue().waits(), Wait::shortly) << "asleep, it would post when something else wakes it";
        scene.wire().accepts.reset();
        scene.pump();
        EXPECT_EQ(scene.queue().waits(), Wait::none) << "a completion tells what follows";
        while (!scene.wire().in_flight[0].empty()) scene.deliver();
        EXPECT_TRUE(scene.written(attempt));
    }
}

TEST(Posts, AMarkerThatIsRefusedForGoodFailsTheGeneration) {
    QueueScene scene = slabs();
    scene.wire().accepts = 3;
    BlockTable scattered;
    for (BlockId block = 0; block < 16; ++block) scattered.push_back(3 * block + 1);
    const std::uint64_t attempt = scene.start_into(scattered, kTokens);
    scene.pump();
    // What is left is dropped: only a marker behind the three would tell their end.
    scene.queue().cancel({1, 1, attempt});
    scene.wire().refusal = fabric::PostStatus::error;
    while (scene.queue().pump()) {
    }
    ASSERT_FALSE(scene.queue().events().empty());
    EXPECT_EQ(scene.queue().events().back().kind, embedding::SendEvent::Kind::link_failed);
}

TEST(Posts, OnlyWhatHasSomethingInFlightIsArmed) {
    QueueScene scene({.links = 3});
    scene.queue().arm();
    EXPECT_EQ(scene.wire().arms, 0U) << "nothing can complete";
    scene.start(kTokens, 0, 1);
    scene.pump();
    scene.queue().arm();
    EXPECT_EQ(scene.wire().arms, 1U);
}

TEST(Posts, ACompletionQueueThatCannotBeArmedFailsItsGenerationAndNotTheProcess) {
    QueueScene scene({.links = 2});
    for (const std::uint32_t link : {0U, 1U}) scene.start(kTokens, 0, link);
    scene.pump();
    scene.queue().events().clear();
    scene.wire().can_arm = false;
    ASSERT_NO_THROW(scene.queue().arm());
    ASSERT_EQ(scene.queue().events().size(), 2U);
    EXPECT_EQ(scene.queue().events()[0].kind, embedding::SendEvent::Kind::link_failed);
    EXPECT_EQ(scene.queue().events()[1].key.generation, 2U);
    EXPECT_EQ(scene.queue().events()[1].reason, "cannot arm a completion queue");
}

}  // namespace
}  // namespace remit::worker::test
