#include <gtest/gtest.h>
#include <remit/error.hpp>
#include <signal.h>
#include <sys/time.h>

#include <atomic>
#include <csignal>
#include <random>
#include <string>
#include <thread>

#include "channel_fixture.hpp"

namespace remit::control::test {
namespace {

/// A port of this machine on which nothing listens.
std::uint16_t unused_port() {
    return open_loopback()->port();
}

TEST(Channel, FramesArriveAsTheyWereSentWithTheSendersAddress) {
    auto a = open_loopback();
    auto b = open_loopback();
    const Frames frames{"12", "", std::string("\0binary\xff", 8), std::string(100000, 'x')};
    EXPECT_EQ(a->send(peer_of(*b), frames), SendResult::queued);
    const auto message = next(*b);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->frames, frames);
    EXPECT_EQ(message->sender, "127.0.0.1");
    EXPECT_EQ(b->counters().received, 1U);
}

TEST(Channel, BothDirectionsWork) {
    auto a = open_loopback();
    auto b = open_loopback();
    ASSERT_EQ(a->send(peer_of(*b), {"ping"}), SendResult::queued);
    EXPECT_EQ(first_frame(*b), "ping");
    ASSERT_EQ(b->send(peer_of(*a), {"pong"}), SendResult::queued);
    EXPECT_EQ(first_frame(*a), "pong");
}

TEST(Channel, OrderHoldsOnOneConnection) {
    auto a = open_loopback();
    auto b = open_loopback();
    for (int i = 0; i < 2000; ++i) ASSERT_EQ(a->send(peer_of(*b), {std::to_string(i)}), SendResult::queued);
    for (int i = 0; i < 2000; ++i) ASSERT_EQ(first_frame(*b), std::to_string(i));
}

volatile std::sig_atomic_t interruptions = 0;

/// A timer of the process whose signal runs a handler on this thread ten thousand times a second.
class Interrupted {
public:
    Interrupted() {
        struct sigaction action {};
        action.sa_handler = [](int) { interruptions = interruptions + 1; };
        action.sa_flags = SA_RESTART;
        sigaction(SIGALRM, &action, &before_);
        const itimerval often{{0, 100}, {0, 100}};
        setitimer(ITIMER_REAL, &often, nullptr);
    }
    ~Interrupted() {
        const itimerval never{};
        setitimer(ITIMER_REAL, &never, nullptr);
        sigaction(SIGALRM, &before_, nullptr);
    }
    Interrupted(const Interrupted&) = delete;
    Interrupted& operator=(const Interrupted&) = delete;

private:
    struct sigaction before_ {};
};

TEST(Channel, ASignalInTheMiddleOfACallIsNoError) {
    auto a = open_loopback();
    auto b = open_loopback();
    constexpr int kInterruptions = 2000;
    int sent = 0;
    int received = 0;
    interruptions = 0;
    {
        const Interrupted interrupted;
        const auto deadline = steady_clock::now() + std::chrono::minutes(1);
        while (interruptions < kInterruptions && steady_clock::now() < deadline) {
            // A connection of its own each time: that is a call, too.
            if (sent == received) {
                ASSERT_EQ(a->send(peer_of(*b, static_cast<std::uint64_t>(sent) + 1), {"x"}), SendResult::queued);
                if (++sent > 1) a->forget(peer_of(*b, static_cast<std::uint64_t>(sent) - 1));
            }
            ASSERT_NO_THROW(received += b->receive() ? 1 : 0);
        }
    }
    const int seen = interruptions;
    EXPECT_GE(seen, kInterruptions);
    if (received < sent) received += next(*b) ? 1 : 0;
    EXPECT_EQ(received, sent);
}

TEST(Channel, OnceDrainedTheDescriptorTellsOfWhatComes) {
    auto a = open_loopback();
    auto b = open_loopback();
    EXPECT_FALSE(b->receive());
    EXPECT_TRUE(b->drained());
    for (int i = 0; i < 3; ++i) ASSERT_EQ(a->send(peer_of(*b), {std::to_string(i)}), SendResult::queued);
    EXPECT_EQ(first_frame(*b), "0");
    EXPECT_FALSE(b->drained()) << "who has taken a message goes on";
    EXPECT_EQ(first_frame(*b), "1");
    EXPECT_EQ(first_frame(*b), "2");
    EXPECT_FALSE(b->receive());
    EXPECT_TRUE(b->drained());
    EXPECT_FALSE(readable(*b, kSilence));
    ASSERT_EQ(a->send(peer_of(*b), {"3"}), SendResult::queued);
    EXPECT_TRUE(readable(*b, kPatience));
    EXPECT_EQ(first_frame(*b), "3");
}

/// Bursts that begin while the last one is being taken, from two peers at once: whoever waits as a worker does never
/// waits for a message that is there. A wake-up that were lost would leave it waiting.
TEST(Channel, NoWakeUpIsLostHoweverBurstsMeet) {
    constexpr int kBursts = 3000;
    auto receiver = open_loopback();
    std::atomic<int> taken{0};
    int sent = 0;
    std::jthread waiter([&] {
        for (auto message = next(*receiver); message && message->frames.front() != "end"; message = next(*receiver)) ++taken;
    });
    auto one = open_loopback();
    auto two = open_loopback();
    std::minstd_rand random(5);
    for (int burst = 0; burst < kBursts; ++burst) {
        for (auto count = 1 + random() % 5; count > 0; --count, ++sent) {
            Channel& from = random() % 2 == 0 ? *one : *two;
            ASSERT_EQ(from.send(peer_of(*receiver), {std::to_string(sent), "x"}), SendResult::queued);
        }
        // Now and then until it sleeps, now and then until it is about to, else without a pause.
        const auto kind = random() % 4;
        const auto deadline = steady_clock::now() + kPatience;
        while (kind > 0 && taken < sent - (kind == 1 ? 0 : 1) && steady_clock::now() < deadline) std::this_thread::yield();
        ASSERT_TRUE(kind == 0 || taken >= sent - 1) << "burst " << burst << ": " << taken << " of " << sent;
    }
    for (const auto deadline = steady_clock::now() + kPatience; taken < sent && steady_clock::now() < deadline;) {
        std::this_thread::yield();
    }
    EXPECT_EQ(taken, sent);
    EXPECT_EQ(one->send(peer_of(*receiver), {"end"}), SendResult::queued);
}

TEST(Channel, EveryMessageWakesAWaiterInAnotherThread) {
    auto a = open_loopback();
    auto b = open_loopback();
    int taken = 0;
    std::thread waiter([&] {
        while (taken < 200 && next(*b)) ++taken;
    });
    for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(a->send(peer_of(*b), {"x"}), SendResult::queued);
        if (i % 10 == 0) std::this_thread::sleep_for(milliseconds(1));
    }
    waiter.join();
    EXPECT_EQ(taken, 200);
}

TEST(Channel, AFullOutboxIsAnAnswerAndNotAWait) {
    auto a = open_zmq({.outbox = 8, .linger_ms = 0});
    const Peer nobody{"127.0.0.1", unused_port(), 1};
    const auto begin = steady_clock::now();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(a->send(nobody, {"1", "2"}), SendResult::queued) << i;
    EXPECT_EQ(a->send(nobody, {"1", "2"}), SendResult::overflow);
    EXPECT_EQ(a->counters().overflows, 1U);
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(1));
    // Another peer is not concerned.
    auto b = open_loopback();
    EXPECT_EQ(a->send(peer_of(*b), {"hello"}), SendResult::queued);
    EXPECT_EQ(first_frame(*b), "hello");
}

TEST(Channel, ForgetDropsWhatIsQueuedAndTheNextSendStartsAnew) {
    auto a = open_zmq({.outbox = 4, .linger_ms = 0});
    const std::uint16_t port = unused_port();
    const Peer peer{"127.0.0.1", port, 1};
    for (int i = 0; i < 4; ++i) ASSERT_EQ(a->send(peer, {"old"}), SendResult::queued);
    ASSERT_EQ(a->send(peer, {"old"}), SendResult::overflow);
    a->forget(peer);
    a->forget(peer);
    std::this_thread::sleep_for(kSilence);
    auto b = open_zmq({.listen = format_endpoint("127.0.0.1", port)});
    ASSERT_EQ(a->send(peer, {"new"}), SendResult::queued);
    EXPECT_EQ(first_frame(*b), "new");
    EXPECT_FALSE(next(*b, kSilence));
}

TEST(Channel, ANewIncarnationIsReplayedNothing) {
    auto a = open_zmq({.linger_ms = 0});
    const std::uint16_t port = unused_port();
    ASSERT_EQ(a->send({"127.0.0.1", port, 1}, {"for the dead one"}), SendResult::queued);
    a->forget({"127.0.0.1", port, 1});
    std::this_thread::sleep_for(kSilence);
    auto b = open_zmq({.listen = format_endpoint("127.0.0.1", port)});
    ASSERT_EQ(a->send({"127.0.0.1", port, 2}, {"for its successor"}), SendResult::queued);
    EXPECT_EQ(first_frame(*b), "for its successor");
    EXPECT_FALSE(next(*b, kSilence));
}

TEST(Channel, APeerThatStartsLaterGetsWhatWaited) {
    auto a = open_loopback();
    const std::uint16_t port = unused_port();
    ASSERT_EQ(a->send({"127.0.0.1", port, 1}, {"early"}), SendResult::queued);
    std::this_thread::sleep_for(kSilence);
    auto b = open_zmq({.listen = format_endpoint("127.0.0.1", port)});
    EXPECT_EQ(first_frame(*b), "early");
}

TEST(Channel, APeerThatComesBackIsReachedAgain) {
    auto a = open_loopback();
    auto b = open_loopback();
    const Peer peer = peer_of(*b);
    ASSERT_EQ(a->send(peer, {"1"}), SendResult::queued);
    EXPECT_EQ(first_frame(*b), "1");
    b.reset();
    b = open_zmq({.listen = format_endpoint(peer.ip, peer.port)});
    // What is sent while the connection breaks may be lost: the protocol above repeats.
    const auto deadline = steady_clock::now() + kPatience;
    bool heard = false;
    while (!heard && steady_clock::now() < deadline) {
        ASSERT_EQ(a->send(peer, {"2"}), SendResult::queued);
        heard = next(*b, milliseconds(50)).has_value();
    }
    EXPECT_TRUE(heard);
}

TEST(Channel, WhereNobodyCanBeIsUnreachable) {
    auto a = open_loopback();
    for (const char* ip : {"localhost", "", "*", "0.0.0.0", "::", "10.0.0.256", "tcp://127.0.0.1"}) {
        EXPECT_EQ(a->send({ip, 7700, 1}, {"x"}), SendResult::unreachable) << ip;
    }
    EXPECT_EQ(a->send({"127.0.0.1", 0, 1}, {"x"}), SendResult::unreachable);
    EXPECT_EQ(a->counters().unreachable, 8U);
}

TEST(Channel, WithoutInsecureNothingLeavesLoopback) {
    auto a = open_loopback();
    EXPECT_EQ(a->send({"192.0.2.1", 7700, 1}, {"x"}), SendResult::unreachable);
    auto b = open_zmq({.linger_ms = 0, .insecure = true});
    EXPECT_EQ(b->send({"192.0.2.1", 7700, 1}, {"x"}), SendResult::queued);
}

TEST(Channel, IPv6Works) {
    std::unique_ptr<Channel> a;
    std::unique_ptr<Channel> b;
    try {
        a = open_zmq({.listen = "tcp://[::1]:0"});
        b = open_zmq({.listen = "tcp://[::1]:0"});
    } catch (const Error& error) {
        GTEST_SKIP() << "no IPv6 here: " << error.what();
    }
    EXPECT_EQ(b->ip(), "::1");
    ASSERT_EQ(a->send(peer_of(*b), {"six"}), SendResult::queued);
    const auto message = next(*b);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->frames, Frames{"six"});
    EXPECT_EQ(message->sender, "::1");
}

TEST(Channel, ClosingWaitsNoLongerThanTheLinger) {
    auto a = open_zmq({.linger_ms = 100});
    ASSERT_EQ(a->send({"127.0.0.1", unused_port(), 1}, {"x"}), SendResult::queued);
    const auto begin = steady_clock::now();
    a.reset();
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(2));
}

void expect_refused(const ChannelOptions& options, ErrorKind kind, const std::string& names) {
    try {
        static_cast<void>(open_zmq(options));
        ADD_FAILURE() << "accepted: " << options.listen;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.what();
        EXPECT_NE(std::string(error.what()).find(names), std::string::npos) << error.what();
    }
}

TEST(ChannelOptions, AWildcardWantsAnAddressToTell) {
    for (const char* listen : {"tcp://*:0", "tcp://0.0.0.0:0", "tcp://[::]:0"}) {
        expect_refused({.listen = listen, .insecure = true}, ErrorKind::bad_argument, "advertise");
    }
    auto channel = open_zmq({.listen = "tcp://0.0.0.0:0", .advertise = "127.0.0.1", .insecure = true});
    EXPECT_EQ(channel->ip(), "127.0.0.1");
    auto peer = open_loopback();
    ASSERT_EQ(peer->send(peer_of(*channel), {"x"}), SendResult::queued);
    EXPECT_EQ(first_frame(*channel), "x");
}

TEST(ChannelOptions, OffLoopbackWantsKeysOrAWord) {
    expect_refused({.listen = "tcp://10.0.0.5:0"}, ErrorKind::bad_argument, "--insecure");
    expect_refused({.listen = "tcp://*:0", .advertise = "10.0.0.5"}, ErrorKind::bad_argument, "--insecure");
}

TEST(ChannelOptions, WhatCannotBeBoundNamesTheRemedy) {
    auto taken = open_loopback();
    expect_refused({.listen = format_endpoint("127.0.0.1", taken->port())}, ErrorKind::environment,
                   std::to_string(taken->port()));
    expect_refused({.listen = "tcp://192.0.2.1:0", .insecure = true}, ErrorKind::environment, "no interface");
}

TEST(ChannelOptions, LimitsAndAddressesAreChecked) {
    expect_refused({.outbox = 0}, ErrorKind::bad_argument, "outbox 0");
    expect_refused({.max_message_bytes = 0}, ErrorKind::bad_argument, "max_message_bytes 0");
    expect_refused({.advertise = "a.host"}, ErrorKind::bad_argument, "advertise");
    expect_refused({.advertise = "0.0.0.0"}, ErrorKind::bad_argument, "advertise");
    expect_refused({.listen = "tcp://a.host:1"}, ErrorKind::bad_argument, "a.host");
}

TEST(Channel, AMessageThatThePeerWouldNotTakeIsRefusedHere) {
    ChannelOptions options;
    options.max_message_bytes = 1000;
    auto sender = open_zmq(options);
    auto receiver = open_zmq(options);
    EXPECT_EQ(sender->send(peer_of(*receiver), {std::string(500, 'x'), std::string(501, 'x')}), SendResult::too_large);
    EXPECT_EQ(sender->counters().too_large, 1U);
    EXPECT_EQ(sender->send(peer_of(*receiver), {std::string(500, 'x'), std::string(500, 'x')}), SendResult::queued);
    EXPECT_TRUE(next(*receiver));
}

}  // namespace
}  // namespace remit::control::test
