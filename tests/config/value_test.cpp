// How values are written: units, whole texts, and the way back.

#include "config/nearest.hpp"
#include "config/value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remit::config::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Durations, HaveAUnitAndBecomeMicroseconds) {
    EXPECT_EQ(microseconds_of("20us"), 20);
    EXPECT_EQ(microseconds_of("50ms"), 50'000);
    EXPECT_EQ(microseconds_of("30s"), 30'000'000);
    EXPECT_EQ(microseconds_of("5min"), 300'000'000);
    EXPECT_EQ(microseconds_of("24h"), 86'400'000'000);
    EXPECT_EQ(microseconds_of("0s"), 0);
    for (const char* wrong : {"", "30", "s", "30 s", " 30s", "30S", "30m", "-1s", "1.5s", "30sec", "+1s", "1s ",
                              "9223372036854775807h", "99999999999999999999s"}) {
        EXPECT_EQ(microseconds_of(wrong), std::nullopt) << wrong;
    }
}

TEST(Sizes, AreBytesBareOrWithAUnit) {
    EXPECT_EQ(bytes_of("4096"), 4096);
    EXPECT_EQ(bytes_of("4096B"), 4096);
    EXPECT_EQ(bytes_of("64KiB"), 65536);
    EXPECT_EQ(bytes_of("4MiB"), 4 << 20);
    EXPECT_EQ(bytes_of("1GiB"), 1 << 30);
    for (const char* wrong : {"", "MiB", "4MB", "4M", "4 MiB", "4mib", "-4KiB", "0x10", "9223372036854775807KiB"}) {
        EXPECT_EQ(bytes_of(wrong), std::nullopt) << wrong;
    }
}

TEST(Units, AreTheLargestThatTakeAWholeNumberAndLeadBack) {
    EXPECT_EQ(bytes_text(4 << 20), "4MiB");
    EXPECT_EQ(bytes_text((4 << 20) + 1), "4194305B");
    EXPECT_EQ(bytes_text(0), "0B");
    EXPECT_EQ(duration_text(60'000'000), "1min");
    EXPECT_EQ(duration_text(30'000'000), "30s");
    EXPECT_EQ(duration_text(1'500'000), "1500ms");
    EXPECT_EQ(duration_text(20), "20us");
    EXPECT_EQ(duration_text(0), "0us");
    for (const std::int64_t count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{999}, std::int64_t{1000},
                                     std::int64_t{1024}, std::int64_t{3'600'000'001}, kUnbounded}) {
        EXPECT_EQ(bytes_of(bytes_text(count)), count);
        EXPECT_EQ(microseconds_of(duration_text(count)), count);
    }
}

TEST(Numbers, AreTheWholeText) {
    EXPECT_EQ(integer_of("-1"), -1);
    EXPECT_EQ(integer_of("9223372036854775807"), kUnbounded);
    for (const char* wrong : {"", "1.0", "1e3", "0x1", " 1", "1 ", "9223372036854775808"}) {
        EXPECT_EQ(integer_of(wrong), std::nullopt) << wrong;
    }
    EXPECT_EQ(number_of("0.75"), 0.75);
    EXPECT_EQ(number_of("1"), 1.0);
    EXPECT_EQ(number_of("0.75x"), std::nullopt);
    EXPECT_EQ(boolean_of("true"), true);
    EXPECT_EQ(boolean_of("false"), false);
    for (const char* wrong : {"", "1", "yes", "True"}) EXPECT_EQ(boolean_of(wrong), std::nullopt) << wrong;
}

TEST(Lists, HaveCommasBetweenTheirItems) {
    EXPECT_THAT(*list_of(""), IsEmpty());
    EXPECT_THAT(*list_of("a"), ElementsAre("a"));
    EXPECT_THAT(*list_of("a,b,c"), ElementsAre("a", "b", "c"));
    for (const char* wrong : {",", "a,", ",a", "a,,b"}) EXPECT_EQ(list_of(wrong), std::nullopt) << wrong;
}

TEST(Nearest, TakesTheFewestEdits) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("abc", "abc"), 0U);
    EXPECT_EQ(edit_distance("abc", "abd"), 1U);
    EXPECT_EQ(edit_distance("abc", "acb"), 1U) << "neighbours that are swapped are one slip";
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    const std::vector<std::string> names{"fabric.mtu", "fabric.queue_pairs", "timing.ping_period"};
    EXPECT_EQ(nearest("fabric.queue_pair", names), "fabric.queue_pairs");
    EXPECT_EQ(nearest("timing.pnig_period", names), "timing.ping_period");
    EXPECT_EQ(nearest("mtu", names), "fabric.mtu");
}

}  // namespace
}  // namespace remit::config::test
