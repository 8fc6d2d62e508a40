// How the chunks of several requests share the wire: counted on a wire that stands still until the test moves it.

#include "queue_scene.hpp"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <vector>

namespace remit::worker::test {
namespace {

constexpr std::uint64_t kLarge = 64 * QueueScene::kTokensOfChunk;  // tokens

/// Bytes of other requests that arrive until all of `attempt` has; the queue pairs move side by side, equally fast.
std::uint64_t bytes_ahead(QueueScene& scene, std::uint64_t attempt) {
    std::uint64_t ahead = 0;
    std::vector<std::uint64_t> moved(scene.wire().in_flight.size());
    while (!scene.written(attempt)) {
        std::size_t lane = moved.size();
        for (std::size_t i = 0; i < moved.size(); ++i) {
            if (!scene.wire().in_flight[i].empty() && (lane == moved.size() || moved[i] < moved[lane])) lane = i;
        }
        if (lane == moved.size()) {
            ADD_FAILURE() << "the wire is empty and attempt " << attempt << " has not ended";
            break;
        }
        const std::uint64_t bytes = scene.wire().in_flight[lane].front().bytes;
        if (scene.deliver(static_cast<std::uint32_t>(lane)) != attempt) ahead += bytes;
        moved[lane] += bytes;
    }
    return ahead;
}

/// Arrivals of a number of bytes, counted by attempt.
std::map<std::uint64_t, std::uint64_t> deliver_bytes(QueueScene& scene, std::uint64_t bytes) {
    std::map<std::uint64_t, std::uint64_t> arrived;
    for (std::uint64_t sum = 0; sum < bytes;) {
        if (scene.wire().in_flight[0].empty()) {
            ADD_FAILURE() << "the wire is empty";
            break;
        }
        const std::uint64_t next = scene.wire().in_flight[0].front().bytes;
        arrived[scene.deliver()] += next;
        sum += next;
    }
    return arrived;
}

TEST(Scheduler, ASmallRequestBesideASaturatingOneWaitsForTwoChunksAtMost) {
    QueueScene scene;
    scene.start(kLarge);
    scene.pump();
    deliver_bytes(scene, 5 * QueueScene::kChunk);
    const std::uint64_t small = scene.start(64);
    scene.pump();
    EXPECT_LE(bytes_ahead(scene, small), 2 * QueueScene::kChunk);
}

TEST(Scheduler, AlsoWhereItComesBeforeTheFirstChunkHasArrived) {
    QueueScene scene;
    scene.start(kLarge);
    scene.pump();
    const std::uint64_t small = scene.start(64);
    scene.pump();
    EXPECT_LE(bytes_ahead(scene, small), 2 * QueueScene::kChunk);
}

TEST(Scheduler, AlsoBesideManySaturatingOnes) {
    QueueScene scene;
    for (int i = 0; i < 20; ++i) scene.start(kLarge);
    scene.pump();
    deliver_bytes(scene, 7 * QueueScene::kChunk);
    const std::uint64_t small = scene.start(64);
    scene.pump();
    EXPECT_LE(bytes_ahead(scene, small), 2 * QueueScene::kChunk);
}

/// Two chunks and a remainder of a few KiB, then the next round.
TEST(Scheduler, WhatIsLeftOfARoundKeepsNoChunkOfTheNextOneBack) {
    constexpr std::uint64_t kTokens = 2 * QueueScene::kTokensOfChunk;
    QueueScene scene;
    const std::uint64_t attempt = scene.start(kTokens);
    BlockTable blocks(kTokens / 64);
    std::iota(blocks.begin(), blocks.end(), 5000);
    scene.queue().start({{1, 1, attempt}, attempt, 1, {kTokens, kTokens}, blocks, 2 * kTokens, false},
                        scene.source_of(2 * kTokens));
    scene.pump();
    deliver_bytes(scene, QueueScene::kChunk);
    std::uint64_t in_flight = 0;
    for (const auto& request : scene.wire().in_flight[0]) in_flight += request.bytes;
    EXPECT_GT(in_flight, QueueScene::kChunk + QueueScene::kChunk / 2) << "the wire is idle when the second chunk is through";
}

/// Blocks none of which are neighbours: each takes writes of its own.
BlockTable scattered(BlockId first, std::uint32_t count) {
    BlockTable blocks;
    for (BlockId i = 0; i < count; ++i) blocks.push_back(first + 2 * i);
    return blocks;
}

TEST(Scheduler, WhatComesBehindAChunkThatIsPostedInPartDoesNotWaitForItsRestInVain) {
    for (const std::uint32_t chunks : {1U, 2U}) {
        // A chunk of four scattered blocks takes more requests than the queue has slots.
        constexpr std::uint32_t kSlots = 2;
        QueueScene scene({.send_regions = 16, .depth = kSlots, .chunks_in_flight = chunks});
        std::vector<std::uint64_t> attempts;
        for (std::uint32_t i = 0; i < 3; ++i) {
            // Each would finish before those that came earlier, of which a part is posted.
            const BlockTable blocks = scattered(30'000 + 100 * i, 16);
            attempts.push_back(scene.start_into(blocks, 4 * QueueScene::kTokensOfChunk, static_cast<int>(4 * i)));
            scene.pump();
            for (std::uint32_t slot = 0; i > 0 && slot < kSlots; ++slot) scene.deliver();
        }
        attempts.push_back(scene.start(1, 8));
        scene.pump();
        while (!scene.wire().in_flight[0].empty()) scene.deliver();
        for (const std::uint64_t attempt : attempts) EXPECT_TRUE(scene.written(attempt)) << attempt << " of " << chunks;
    }
}

TEST(Scheduler, AlsoOnEachOfSeveralQueuePairs) {
    QueueScene scene({.queue_pairs = 2});
    scene.start(kLarge);
    scene.pump();
    for (int i = 0; i < 6; ++i) scene.deliver(static_cast<std::uint32_t>(i % 2));
    const std::uint64_t small = scene.start(64);
    scene.pump();
    // Two chunks a queue pair, side by side.
    EXPECT_LE(bytes_ahead(scene, small), 2 * 2 * QueueScene::kChunk);
}

TEST(Scheduler, LargeRequestsShareTheWireByBytes) {
    QueueScene scene;
    const std::uint64_t first = scene.start(kLarge);
    scene.pump();
    deliver_bytes(scene, 10 * QueueScene::kChunk);
    // It has had its share while it was alone: that is not held against it, nor in its favour.
    const std::uint64_t second = scene.start(kLarge);
    scene.pump();
    auto arrived = deliver_bytes(scene, 24 * QueueScene::kChunk);
    EXPECT_NEAR(static_cast<double>(arrived[first]), static_cast<double>(arrived[second]),
                4.0 * QueueScene::kChunk);
}

TEST(Scheduler, APriorityStepDoublesTheShare) {
    QueueScene scene;
    const std::uint64_t plain = scene.start(kLarge, 0);
    const std::uint64_t urgent = scene.start(kLarge, 1);
    scene.pump();
    auto arrived = deliver_bytes(scene, 30 * QueueScene::kChunk);
    const double ratio = static_cast<double>(arrived[urgent]) / static_cast<double>(arrived[plain]);
    EXPECT_GT(ratio, 1.6);
    EXPECT_LT(ratio, 2.5);
}

TEST(Scheduler, AnUrgentRequestOvertakesAQueueOfEqualOnes) {
    QueueScene scene;
    for (int i = 0; i < 50; ++i) scene.start(QueueScene::kTokensOfChunk);
    scene.pump();
    const std::uint64_t urgent = scene.start(QueueScene::kTokensOfChunk, 3);
    scene.pump();
    EXPECT_LE(bytes_ahead(scene, urgent), 3 * QueueScene::kChunk);
}

TEST(Scheduler, NoStreamOfSmallRequestsHoldsALargeOneUp) {
    QueueScene scene;
    const std::uint64_t large = scene.start(kLarge, -2);
    scene.pump();
    deliver_bytes(scene, 2 * QueueScene::kChunk);
    std::uint64_t of_large = 0;
    std::uint64_t of_all = 0;
    std::uint64_t newest = 0;
    while (of_all < 40 * QueueScene::kChunk) {
        if (newest == 0 || scene.written(newest)) {
            newest = scene.start(64);
            scene.pump();
        }
        const std::uint64_t bytes = scene.wire().in_flight[0].front().bytes;
        if (scene.deliver() == large) of_large += bytes;
        of_all += bytes;
    }
    // A quarter of the weight of each small one: a fifth of the wire, more or less a chunk or two.
    EXPECT_GE(of_large, 5 * QueueScene::kChunk);
}

TEST(Scheduler, APeerThatTakesNothingHoldsUpNobodyElse) {
    QueueScene scene({.links = 2});
    const std::uint64_t stuck = scene.start(kLarge, 0, 0);
    const std::uint64_t other = scene.start(8 * QueueScene::kTokensOfChunk, 0, 1);
    scene.pump();
    for (int i = 0; i < 100 && !scene.written(other); ++i) scene.deliver(1);
    EXPECT_TRUE(scene.written(other));
    EXPECT_FALSE(scene.written(stuck));
}

TEST(Scheduler, AnAttemptsRoundsStayInOrder) {
    QueueScene scene;
    const std::uint64_t attempt = scene.start(3 * QueueScene::kTokensOfChunk);
    scene.pump();
    scene.start(kLarge, 4);
    scene.pump();
    std::uint64_t immediates = 0;
    std::uint64_t bytes_before = 0;
    while (!scene.written(attempt)) {
        const Request next = scene.wire().in_flight[0].front();
        const bool own = scene.deliver() == attempt;
        if (!own) continue;
        if (next.opcode == fabric::Opcode::write_with_immediate) ++immediates;
        if (immediates == 0) bytes_before += next.bytes;
    }
    EXPECT_EQ(immediates, 1U);
    EXPECT_GT(bytes_before, 2 * QueueScene::kChunk);
}

}  // namespace
}  // namespace remit::worker::test
