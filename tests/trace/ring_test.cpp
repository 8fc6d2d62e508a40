#include "trace/recorder.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace remit::trace {
namespace {

TEST(Ring, HoldsAtLeastWhatWasAskedForAndThenRefuses) {
    Ring<int> ring(5);
    EXPECT_EQ(ring.capacity(), 8U);
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(8));
    std::vector<int> taken;
    ring.drain([&](int value) { taken.push_back(value); });
    EXPECT_EQ(taken, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_TRUE(ring.push(9));
}

TEST(Ring, KeepsTheOrderRoundItsEnd) {
    Ring<int> ring(4);
    int next = 0;
    for (int i = 0; i < 100; i += 3) {
        for (int k = 0; k < 3; ++k) ASSERT_TRUE(ring.push(i + k));
        ring.drain([&](int value) { EXPECT_EQ(value, next++); });
    }
    EXPECT_EQ(next, 102);
}

TEST(Ring, TwoThreadsLoseNothingThatWasAccepted) {
    constexpr std::uint64_t kValues = 200'000;
    Ring<std::uint64_t> ring(64);
    std::uint64_t accepted = 0;
    std::atomic<bool> done{false};
    std::thread writer([&] {
        for (std::uint64_t i = 1; i <= kValues; ++i) {
            while (!ring.push(i)) std::this_thread::yield();
            ++accepted;
        }
        done = true;
    });
    std::uint64_t last = 0;
    while (true) {
        const bool ended = done;
        ring.drain([&](std::uint64_t value) { EXPECT_EQ(value, ++last); });
        if (ended) break;
    }
    writer.join();
    EXPECT_EQ(last, kValues);
    EXPECT_EQ(accepted, kValues);
}

TEST(Recorder, CountsWhatFindsNoPlaceAndGoesOn) {
    Recorder recorder(4);
    for (std::uint64_t i = 0; i < 10; ++i) recorder.add(Immediate{.time = 1});
    EXPECT_EQ(recorder.dropped(), 6U);
    int taken = 0;
    recorder.drain([&](const Record&) { ++taken; });
    EXPECT_EQ(taken, 4);
    recorder.add(Immediate{.time = 2});
    EXPECT_EQ(recorder.dropped(), 6U);
}

}  // namespace
}  // namespace remit::trace
