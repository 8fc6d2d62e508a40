// The loop of a worker's thread: when it looks, when it spins, when it sleeps; counted.

#include "pair.hpp"

#include "worker/event_loop.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>

namespace remit::worker::test {
namespace {

/// Moves in its first turns, then has nothing to do, then stops.
class Script final : public Driven {
public:
    Script(std::uint64_t moving, std::uint64_t turns, bool near) : moving_(moving), turns_(turns), near_(near) {}
    ~Script() override { ::close(descriptor_); }
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;
    bool step(protocol::Time) override { return ++turn_ <= moving_; }
    void woken(const std::array<bool, 3>& readable) override {
        ++looks;
        seen = readable;
    }
    void take_wakeups() override { ++looked; }
    [[nodiscard]] bool data_is_near() const override { return near_; }
    void arm() override { ++armed; }
    [[nodiscard]] protocol::Time next_deadline() const override { return {}; }  // past: a sleep ends at once
    [[nodiscard]] std::array<int, 3> descriptors() const override { return {descriptor_, descriptor_, descriptor_}; }
    [[nodiscard]] bool stopped() const override { return turn_ >= turns_; }

    std::array<bool, 3> seen{};
    std::uint64_t looks = 0;
    std::uint64_t armed = 0;
    std::uint64_t looked = 0;

private:
    std::uint64_t moving_;
    std::uint64_t turns_;
    bool near_;
    std::uint64_t turn_ = 0;
    int descriptor_ = ::eventfd(0, EFD_CLOEXEC);
};

constexpr protocol::Time kLong = std::chrono::hours(1);

TEST(EventLoop, WhatMovesIsNeitherArmedNorSleptOn) {
    Script script(1000, 1000, false);
    LoopCounters counters;
    run_loop(script, {false, {}}, counters);
    EXPECT_EQ(counters.turns.value(), 1000U);
    EXPECT_EQ(counters.sleeps.value(), 0U);
    EXPECT_EQ(script.armed, 0U);
    EXPECT_LE(script.looked, 4U) << "system calls are for who is about to sleep";
    EXPECT_GE(script.looked, 3U) << "a device's events do not wait for ever";
}

TEST(EventLoop, WithNothingToDoItSleepsAfterTwoLooks) {
    Script script(1, 101, false);
    LoopCounters counters;
    run_loop(script, {false, kLong}, counters);
    EXPECT_EQ(counters.sleeps.value(), 49U);  // the last pair of looks ends it
    EXPECT_EQ(script.armed, 50U);
}

TEST(EventLoop, ItSpinsAfterAMovementWhileDataIsNear) {
    Script script(1, 1000, true);
    LoopCounters counters;
    run_loop(script, {false, kLong}, counters);
    EXPECT_EQ(counters.sleeps.value(), 0U);
    EXPECT_EQ(script.armed, 0U);
}

TEST(EventLoop, ItDoesNotSpinBeforeAnythingHasMovedNorWithoutATime) {
    for (const auto& [moving, spin] : {std::pair(0, kLong), std::pair(1, protocol::Time{})}) {
        Script script(static_cast<std::uint64_t>(moving), 101, true);
        LoopCounters counters;
        run_loop(script, {false, spin}, counters);
        EXPECT_GE(counters.sleeps.value(), 49U);
    }
}

TEST(EventLoop, ALookTellsWhichDescriptorsAreReadable) {
    for (const bool spins : {false, true}) {
        Script script(1, 101, spins);
        LoopCounters counters;
        run_loop(script, {false, kLong}, counters);
        EXPECT_GE(script.looks, 1U);
        EXPECT_EQ(script.seen, (std::array<bool, 3>{}));
        Script ready(1, 101, spins);
        ASSERT_EQ(::eventfd_write(ready.descriptors()[0], 1), 0);
        run_loop(ready, {false, kLong}, counters);
        EXPECT_GE(ready.looks, 1U);
        EXPECT_EQ(ready.seen, (std::array<bool, 3>{true, true, true}));
    }
}

TEST(EventLoop, BusyPollNeverSleeps) {
    Script script(0, 1000, false);
    LoopCounters counters;
    run_loop(script, {true, {}}, counters);
    EXPECT_EQ(counters.sleeps.value(), 0U);
    EXPECT_GE(script.looked, 3U);
}

/// A worker's turns while the other side keeps a session alive, against the messages that this takes.
TEST(EventLoop, AnIdleWorkerWakesForItsPingsAndLittleElse) {
    PairOptions options;
    const auto period = scaled(50);
    options.embedding.timing.ping_period = options.language.timing.ping_period = period;
    Pair pair(options);
    pair.expect_transfer({1, 300}, 128);
    const auto begin = std::chrono::steady_clock::now();
    const Counters embedding = pair.embedding().counters();
    const Counters language = pair.language().counters();
    std::this_thread::sleep_for(20 * period);
    const Counters embedding_after = pair.embedding().counters();
    const Counters language_after = pair.language().counters();
    const auto periods = static_cast<std::uint64_t>((std::chrono::steady_clock::now() - begin) / period) + 1;
    // A period: own PING, the other's, its PONG; two looks and perhaps a third for each, and as many for what is late.
    EXPECT_LE(embedding_after.turns - embedding.turns, 20 * periods);
    EXPECT_LE(language_after.turns - language.turns, 20 * periods);
    EXPECT_LE(embedding_after.sleeps - embedding.sleeps, 10 * periods);
    EXPECT_LE(language_after.sleeps - language.sleeps, 10 * periods);
    EXPECT_GT(embedding_after.sleeps, embedding.sleeps);
    EXPECT_EQ(embedding_after.work_requests, embedding.work_requests);
}

}  // namespace
}  // namespace remit::worker::test
