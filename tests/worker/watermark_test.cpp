#include "worker/watermark.hpp"

#include <gtest/gtest.h>

namespace remit::worker::test {
namespace {

struct Point final : memory::StreamPoint {
    [[nodiscard]] bool passed() override { return has_passed; }
    [[nodiscard]] std::string failure() const override { return error; }
    bool has_passed = false;
    std::string error;
};

TEST(Watermark, CountsAtOnceWhereNoStreamFills) {
    Watermark mark(10);
    EXPECT_EQ(mark.take(), 10u);
    EXPECT_TRUE(mark.raise(20));
    EXPECT_EQ(mark.tokens(), 20u);
    EXPECT_EQ(mark.take(), 20u);
    EXPECT_FALSE(mark.waits());
}

TEST(Watermark, NeverFalls) {
    Watermark mark(10);
    EXPECT_FALSE(mark.raise(9));
    EXPECT_TRUE(mark.raise(10)) << "the same again is no fall";
    const auto point = std::make_shared<Point>();
    EXPECT_TRUE(mark.raise(20, point));
    EXPECT_FALSE(mark.raise(15)) << "below what waits for a stream";
    EXPECT_FALSE(mark.raise(19, std::make_shared<Point>()));
    EXPECT_EQ(mark.tokens(), 20u);
    EXPECT_EQ(mark.take(), 10u);
}

TEST(Watermark, RisesWhenTheStreamHasComePast) {
    Watermark mark(0);
    const auto point = std::make_shared<Point>();
    EXPECT_TRUE(mark.raise(5, point));
    EXPECT_EQ(mark.take(), 0u);
    EXPECT_TRUE(mark.waits());
    point->has_passed = true;
    EXPECT_EQ(mark.take(), 5u);
    EXPECT_FALSE(mark.waits());
    EXPECT_EQ(point.use_count(), 1) << "its event is free again";
}

TEST(Watermark, WhatWasToldEarlierCountsFirstWhateverStreamComesFirst) {
    Watermark mark(0);
    const auto slow = std::make_shared<Point>();
    const auto fast = std::make_shared<Point>();
    EXPECT_TRUE(mark.raise(5, slow));
    EXPECT_TRUE(mark.raise(9, fast));
    EXPECT_TRUE(mark.raise(12)) << "filled by nobody's stream, but behind both";
    fast->has_passed = true;
    EXPECT_EQ(mark.take(), 0u) << "tokens 0 to 4 are among the 9";
    slow->has_passed = true;
    EXPECT_EQ(mark.take(), 12u);
}

TEST(Watermark, AFailureStaysAndNothingRisesAnyMore) {
    Watermark mark(3);
    const auto dead = std::make_shared<Point>();
    EXPECT_TRUE(mark.raise(5, dead));
    EXPECT_TRUE(mark.raise(8));
    dead->has_passed = true;
    dead->error = "cudaEventQuery: gone";
    EXPECT_EQ(mark.take(), 3u);
    EXPECT_EQ(mark.failure(), "cudaEventQuery: gone");
    EXPECT_FALSE(mark.waits()) << "it is not asked again";
    dead->error.clear();
    EXPECT_EQ(mark.take(), 3u);
    EXPECT_EQ(mark.failure(), "cudaEventQuery: gone");
}

TEST(Watermark, TheWorkerIsToldOnceUntilItHasTaken) {
    Watermark mark(0);
    EXPECT_TRUE(mark.tell());
    EXPECT_FALSE(mark.tell());
    mark.take();
    EXPECT_TRUE(mark.tell());
}

}  // namespace
}  // namespace remit::worker::test
