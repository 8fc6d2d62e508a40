#include "metrics/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

namespace remit::metrics::test {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Histogram, ABoundBelongsToTheBucketBelowIt) {
    Histogram histogram;
    histogram.observe(nanoseconds(0));
    histogram.observe(microseconds(10));
    histogram.observe(nanoseconds(10'001));
    histogram.observe(seconds(60));
    histogram.observe(seconds(61));
    const auto buckets = histogram.buckets();
    ASSERT_EQ(buckets.size(), Histogram::kBounds.size() + 1);
    EXPECT_EQ(buckets[0], 2U);
    EXPECT_EQ(buckets[1], 1U);
    EXPECT_EQ(buckets[Histogram::kBounds.size() - 1], 1U);
    EXPECT_EQ(buckets.back(), 1U);
    EXPECT_EQ(std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}), 5U);
}

TEST(Histogram, TheSumIsExact) {
    Histogram histogram;
    for (int i = 1; i <= 1000; ++i) histogram.observe(microseconds(i));
    EXPECT_DOUBLE_EQ(histogram.sum_seconds(), 0.5005);
}

TEST(Histogram, LessThanNothingIsNothing) {
    Histogram histogram;
    histogram.observe(nanoseconds(-5));
    EXPECT_EQ(histogram.buckets()[0], 1U);
    EXPECT_EQ(histogram.sum_seconds(), 0);
}

TEST(Histogram, BoundsAscend) {
    const auto bounds = Histogram::bounds_in_seconds();
    EXPECT_EQ(std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()), bounds.end());
    EXPECT_EQ(bounds.front(), 0.00001);
    EXPECT_EQ(bounds.back(), 60);
}

}  // namespace
}  // namespace remit::metrics::test
