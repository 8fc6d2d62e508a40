// Several language workers of one room: one gather feeds all that are near each other, counted on a wire that the test
// moves.

#include "queue_scene.hpp"

#include <gtest/gtest.h>

namespace remit::worker::test {
namespace {

constexpr std::uint64_t kChunks = 12;
constexpr std::uint64_t kTokens = kChunks * QueueScene::kTokensOfChunk;

QueueScene scene_of(std::uint32_t links) {
    return QueueScene({.queue_pairs = 1, .links = links, .send_regions = 4, .arrangement = Arrangement::segments});
}

/// What one language worker costs.
std::uint64_t gathered_for_one() {
    QueueScene scene = scene_of(1);
    const std::uint64_t attempt = scene.start(kTokens);
    scene.pump();
    while (!scene.written(attempt)) scene.deliver();
    return scene.gathered(attempt);
}

TEST(SharedGather, OneGatherFeedsAllThatKeepStep) {
    QueueScene scene = scene_of(3);
    const auto attempts = scene.start_shared(kTokens);
    scene.pump();
    while (!scene.written(attempts[2])) {
        for (std::uint32_t link = 0; link < 3; ++link) scene.deliver(link);
    }
    EXPECT_TRUE(scene.written(attempts[0]));
    EXPECT_TRUE(scene.written(attempts[1]));
    EXPECT_GE(gathered_for_one(), kTokens * 1024);
    EXPECT_EQ(scene.gathered(attempts[0]), gathered_for_one()) << "of 3 language workers, as if there were 1";
}

TEST(SharedGather, ARankThatIsALittleBehindIsStillFedByIt) {
    QueueScene scene = scene_of(2);
    const auto attempts = scene.start_shared(kTokens);
    scene.pump();
    scene.deliver(0);
    while (!scene.written(attempts[0]) || !scene.written(attempts[1])) {
        scene.deliver(0);
        scene.deliver(1);
    }
    EXPECT_EQ(scene.gathered(attempts[0]), gathered_for_one());
}

TEST(SharedGather, ARankThatStandsStillDelaysNobodyAndIsGatheredForOnItsOwn) {
    QueueScene scene = scene_of(2);
    const auto attempts = scene.start_shared(kTokens);
    scene.pump();
    while (!scene.written(attempts[0])) {
        ASSERT_NE(scene.deliver(0), 0u) << "the other rank waits for the one that stands still";
    }
    EXPECT_FALSE(scene.written(attempts[1]));
    EXPECT_EQ(scene.gathered(attempts[0]), gathered_for_one());
    while (!scene.written(attempts[1])) ASSERT_NE(scene.deliver(1), 0u);
    EXPECT_GT(scene.gathered(attempts[0]), gathered_for_one());
    EXPECT_LE(scene.gathered(attempts[0]), 2 * gathered_for_one());
}

TEST(SharedGather, DifferentSendsShareNothing) {
    QueueScene scene = scene_of(1);
    const std::uint64_t first = scene.start(kTokens);
    const std::uint64_t second = scene.start(kTokens);
    scene.pump();
    while (!scene.written(first) || !scene.written(second)) scene.deliver();
    EXPECT_EQ(scene.gathered(first), gathered_for_one());
    EXPECT_EQ(scene.gathered(second), gathered_for_one());
}

}  // namespace
}  // namespace remit::worker::test
