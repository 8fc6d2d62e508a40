#include "base/complaints.hpp"

#include <gtest/gtest.h>

namespace remit {
namespace {

using Clock = Complaints::Clock;

TEST(Complaints, HaveOneTurnASecondForEachKindAndPeer) {
    Complaints complaints;
    const auto start = Clock::now();
    EXPECT_TRUE(complaints.take_turn("version", "10.0.0.1", start).now);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(complaints.take_turn("version", "10.0.0.1", start).now);
    EXPECT_TRUE(complaints.take_turn("version", "10.0.0.2", start).now) << "one peer hides another";
    EXPECT_TRUE(complaints.take_turn("bad json", "10.0.0.1", start).now) << "one kind hides another";
    const auto turn = complaints.take_turn("version", "10.0.0.1", start + Complaints::kPeriod);
    EXPECT_TRUE(turn.now);
    EXPECT_EQ(turn.unlogged, 5U);
    EXPECT_EQ(complaints.take_turn("version", "10.0.0.1", start + 2 * Complaints::kPeriod).unlogged, 0U);
}

TEST(Complaints, OfManyPeersShareATurnBeyondTheBound) {
    Complaints complaints;
    const auto now = Clock::now();
    std::size_t turns = 0;
    for (std::size_t i = 0; i < 5 * Complaints::kMostRemembered; ++i) {
        turns += complaints.take_turn("version", std::to_string(i), now).now ? 1 : 0;
    }
    EXPECT_EQ(turns, Complaints::kMostRemembered + 1);
    EXPECT_EQ(complaints.remembered(), Complaints::kMostRemembered);
    // Whose turn is over makes room.
    EXPECT_TRUE(complaints.take_turn("version", "new", now + Complaints::kPeriod).now);
    EXPECT_EQ(complaints.remembered(), 1U);
}

}  // namespace
}  // namespace remit
