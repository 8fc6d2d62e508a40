#include "tools/run/stop.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace remit::tools {
namespace {

constexpr std::chrono::milliseconds kLong{60'000};

/// True where waiting ends long before its time.
bool returns_early(const Stop& stop) {
    const auto begin = std::chrono::steady_clock::now();
    stop.wait({}, kLong);
    return std::chrono::steady_clock::now() - begin < kLong / 2;
}

TEST(Stop, TheFirstSignalAsksToDrainTheSecondToStopAtOnce) {
    const Stop stop;
    EXPECT_FALSE(stop.requested());
    kill(getpid(), SIGTERM);
    EXPECT_TRUE(returns_early(stop));
    EXPECT_TRUE(stop.requested());
    EXPECT_FALSE(stop.at_once());
    kill(getpid(), SIGINT);
    EXPECT_TRUE(returns_early(stop));
    EXPECT_TRUE(stop.at_once());
}

TEST(Stop, WhileItDrainsAWaitSleeps) {
    const Stop stop;
    kill(getpid(), SIGTERM);
    EXPECT_TRUE(stop.requested());
    const auto begin = std::chrono::steady_clock::now();
    stop.wait({}, std::chrono::milliseconds(50));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
}

TEST(Stop, ARequestIsForAtOnce) {
    const Stop stop;
    std::thread other([&] { stop.request(); });
    EXPECT_TRUE(returns_early(stop));
    other.join();
    EXPECT_TRUE(stop.at_once());
}

TEST(Stop, APartEndsWithTheWholeAndNotTheOtherWayRound) {
    const Stop whole;
    const Stop one(&whole);
    const Stop other(&whole);
    one.request();
    EXPECT_TRUE(one.at_once());
    EXPECT_FALSE(whole.requested());
    EXPECT_FALSE(other.requested());
    kill(getpid(), SIGTERM);
    EXPECT_TRUE(returns_early(other));
    EXPECT_TRUE(other.requested());
    EXPECT_TRUE(whole.requested());
    EXPECT_FALSE(other.at_once());
    whole.request();
    EXPECT_TRUE(returns_early(other));
    EXPECT_TRUE(other.at_once());
}

}  // namespace
}  // namespace remit::tools
