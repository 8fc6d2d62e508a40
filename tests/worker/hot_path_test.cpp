// Heap allocations of both workers in steady state, over the loopback fabric: this program counts every call of operator
// new on their threads, but for libzmq's. What is aimed at is none; a container that meets a larger batch than ever before
// may grow, which is none a round.

#include "base/log.hpp"
#include "counts/allocations.hpp"
#include "counts/pair.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace remit::worker::test {
namespace {

using counts::allocations;
using counts::Pair;

constexpr int kSteady = 200;  // requests after which nothing grows any more
constexpr int kCounted = 300;
constexpr double kNone = 0.02;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kRecycles = false;  // what is given back goes to the heap, so that its use is seen
#else
constexpr bool kRecycles = true;
#endif

class HotPath : public testing::Test {
protected:
    static void SetUpTestSuite() {
        log().set_level(spdlog::level::off);  // rooms fail here on purpose, by the hundred
        counts::watch_allocations();
    }
    void SetUp() override {
        if (!kRecycles) GTEST_SKIP() << "not under the address sanitizer";
    }
    static Layout layout() { return Layout::multimodal({.block_size = 16, .hidden = 64}); }

    /// Allocations that `move` makes in the steady state, for each of what it returns.
    template <class Move>
    static double count(Move move) {
        for (int i = 0; i < kSteady; ++i) move();
        const std::uint64_t before = allocations();
        double pieces = 0;
        for (int i = 0; i < kCounted; ++i) pieces += move();
        return static_cast<double>(allocations() - before) / pieces;
    }
};

constexpr std::uint32_t kPoolBlocks = 8;
constexpr std::uint64_t kPoolTokens = 16 * kPoolBlocks;

TEST_F(HotPath, TheCounterSeesAWorkersThread) {
    Pair pair(layout(), 8 * kPoolBlocks, kPoolBlocks, {});
    const double of_a_sink = count([&] {
        const Reception room = pair.language().receive(1, pair.embedding().endpoint(), {.into = Sink([](std::uint64_t) -> SinkTensors {
            return {std::vector<void*>(1)};  // one allocation, and too few tensors
        })});
        const Send send = pair.embedding().send(1, BlockTable{0}, 1);
        EXPECT_EQ(room.wait_for(std::chrono::minutes(1)), Status::Failed);
        EXPECT_TRUE(is_final(send.wait_for(std::chrono::minutes(1))));  // all may be written when the sink is asked
        return 1;
    });
    EXPECT_GE(of_a_sink, 1);
}

TEST_F(HotPath, NoneARequestOfOneRound) {
    Pair pair(layout(), 8 * kPoolBlocks, kPoolBlocks, {});
    EXPECT_LE(count([&] { return pair.move(kPoolTokens, kPoolTokens, true).rounds; }), kNone);
}

TEST_F(HotPath, NoneARoundOfALongRequest) {
    Pair pair(layout(), 8 * kPoolBlocks, kPoolBlocks, {});
    EXPECT_LE(count([&] { return pair.move(8 * kPoolTokens, kPoolTokens, true).rounds; }), kNone);
}

/// Rounds that overlap, their number learned while the first is on the wire.
TEST_F(HotPath, NoneARoundThatOverlapsTheLast) {
    Pair pair(layout(), 8 * kPoolBlocks, 16 * kPoolBlocks, {});
    EXPECT_LE(count([&] { return pair.move(8 * kPoolTokens, kPoolTokens / 2, true).rounds; }), kNone);
}

/// The table that the user keeps is made for the user.
TEST_F(HotPath, ATableARequestWhoseBlocksAreKept) {
    Pair pair(layout(), 8 * kPoolBlocks, 2 * kPoolBlocks, {});
    EXPECT_LE(count([&] { return pair.move(kPoolTokens, kPoolTokens).rounds; }), 1 + kNone);
}

}  // namespace
}  // namespace remit::worker::test
