// Settings: each way to send gets every byte across.

#include "pair.hpp"

#include <poll.h>

#include <deque>

namespace remit::worker::test {
namespace {

/// Scenarios of every kind through one pair of workers.
void expect_all_scenarios(const PairOptions& options) {
    Pair pair(options);
    RoomId room = 0;
    for (const Into into : {Into::sink, Into::kept}) {
        for (const From from : {From::blocks, From::contiguous}) {
            pair.expect_transfer({++room, 500}, 1024, into, from);
            pair.expect_transfer({++room, 2000}, 1024, into, from);
            pair.expect_transfer({++room, 5001}, 640, into, from);
        }
    }
    std::deque<Incoming> incoming;
    std::deque<Outgoing> outgoing;
    for (RoomId r = 100; r < 108; ++r) {
        incoming.emplace_back(pair.language(), pair.endpoint(), r, Into::sink);
        outgoing.emplace_back(pair.embedding(), Content{r, 1900});
    }
    for (std::size_t i = 0; i < incoming.size(); ++i) {
        incoming[i].expect_success({100 + i, 1900});
        outgoing[i].expect_success();
    }
}

class QueuePairs : public testing::TestWithParam<std::pair<std::uint32_t, std::uint32_t>> {};

TEST_P(QueuePairs, OfTheTwoSidesMayDifferAndTheSmallerNumberIsUsed) {
    PairOptions options;
    options.embedding.fabric.queue_pairs = GetParam().first;
    options.language.fabric.queue_pairs = GetParam().second;
    options.embedding.chunk_bytes = 4096;
    options.embedding_blocks = 512;
    expect_all_scenarios(options);
}

INSTANTIATE_TEST_SUITE_P(, QueuePairs,
                         testing::Values(std::pair{2u, 2u}, std::pair{4u, 4u}, std::pair{4u, 1u}, std::pair{1u, 4u},
                                         std::pair{3u, 16u}),
                         [](const auto& test) {
                             return std::to_string(test.param.first) + "And" + std::to_string(test.param.second);
                         });

class Gathers : public testing::TestWithParam<std::tuple<Gather, std::uint64_t, std::uint64_t, std::uint32_t>> {};

TEST_P(Gathers, SendEveryByteWhateverTheChunks) {
    const auto& [gather, in_place, chunk, depth] = GetParam();
    PairOptions options;
    options.embedding_blocks = 512;
    options.embedding_layout = small_layout(80);
    options.embedding.gather = gather;
    options.embedding.in_place_bytes = in_place;
    options.embedding.chunk_bytes = chunk;
    options.embedding.send_regions = 2;
    options.embedding.fabric.send_queue_depth = depth;
    expect_all_scenarios(options);
}

INSTANTIATE_TEST_SUITE_P(
    , Gathers,
    testing::Combine(testing::Values(Gather::automatic, Gather::always, Gather::never), testing::Values(64u, 64u << 10),
                     testing::Values(4096u, 4u << 20), testing::Values(4u, 256u)),
    [](const auto& test) {
        const Gather gather = std::get<0>(test.param);
        const char* name = gather == Gather::automatic ? "Automatic" : gather == Gather::always ? "Always" : "Never";
        return name + std::to_string(std::get<1>(test.param)) + "Chunk" + std::to_string(std::get<2>(test.param)) +
               "Depth" + std::to_string(std::get<3>(test.param));
    });

TEST(Settings, MemoryPolicyWaitTakesAllAtOnce) {
    PairOptions options;
    options.language_blocks = 16;
    options.language.memory_policy = MemoryPolicy::wait;
    Pair pair(options);
    const Incoming incoming = pair.receive(1, 128);
    const Outgoing outgoing = pair.send({1, 128 + 15 * 128});
    incoming.expect_success({1, 2048});
    outgoing.expect_success();
    EXPECT_EQ(incoming.reception().rounds(), 2U);
    pair.expect_transfer({2, 9999}, 1024);
    pair.expect_transfer({3, 1000}, 128, Into::kept);
}

TEST(Settings, WithoutOverlapARoundIsOfferedOnlyWhenTheLastHasCome) {
    PairOptions options;
    options.language.overlap = false;
    Pair pair(options);
    const Incoming incoming = pair.receive(1, 1024);
    const Outgoing outgoing = pair.send({1, 3000});
    incoming.expect_success({1, 3000});
    outgoing.expect_success();
    std::uint32_t open = 0;
    for (const RoomEvent& event : incoming.reception().history()) {
        if (event.what == "INIT" || event.what == "RESUME") {
            EXPECT_EQ(++open, 1U);
        }
        if (event.what == "round complete") --open;
    }
}

TEST(Settings, BusyPollingWorkersWork) {
    PairOptions options;
    options.embedding.fabric.busy_poll = true;
    options.language.fabric.busy_poll = true;
    Pair pair(options);
    pair.expect_transfer({1, 3000}, 1024);
}

TEST(Settings, AnIpv6EndpointWorks) {
    PairOptions options;
    options.embedding.control.listen = "tcp://[::1]:0";
    options.language.control.listen = "tcp://[::1]:0";
    Pair pair(options);
    EXPECT_EQ(pair.endpoint().rfind("tcp://[::1]:", 0), 0U) << pair.endpoint();
    pair.expect_transfer({1, 3000}, 1024);
}

TEST(Settings, ATinyAttemptWindowForgetsNothingThatRuns) {
    PairOptions options;
    options.embedding.limits.attempt_window = 64;
    options.language_blocks = 4;
    Pair pair(options);
    const Incoming old = pair.receive(1'000'000, 128);
    for (RoomId room = 0; room < 200; ++room) pair.expect_transfer({room, 300, room}, 128);
    const Outgoing outgoing = pair.send({1'000'000, 900});
    old.expect_success({1'000'000, 900});
    outgoing.expect_success();
}

bool readable(int descriptor, long milliseconds) {
    pollfd entry{descriptor, POLLIN, 0};
    return ::poll(&entry, 1, static_cast<int>(scaled(milliseconds).count())) == 1;
}

TEST(Descriptors, BecomeReadableAtTheEndAndNotBefore) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    EXPECT_FALSE(readable(incoming.reception().descriptor(), 0));
    const Outgoing outgoing = pair.send({1, 3000});
    EXPECT_TRUE(readable(incoming.reception().descriptor(), 20'000));
    EXPECT_EQ(incoming.reception().poll(), Status::Success);
    EXPECT_TRUE(readable(outgoing.send().descriptor(), 20'000));
    EXPECT_EQ(outgoing.send().poll(), Status::Success);
    incoming.expect_success({1, 3000});
}

TEST(Descriptors, MadeAfterTheEndAreReadableAtOnceAndStaySo) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    const Outgoing outgoing = pair.send({1, 3000});
    incoming.expect_success({1, 3000});
    outgoing.expect_success();
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(readable(incoming.reception().descriptor(), 0));
        EXPECT_TRUE(readable(outgoing.send().descriptor(), 0));
    }
}

TEST(Descriptors, TellOfFailureToo) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    const int descriptor = incoming.reception().descriptor();
    incoming.reception().abort();
    EXPECT_TRUE(readable(descriptor, 20'000));
    EXPECT_EQ(incoming.reception().poll(), Status::Failed);
}

TEST(Descriptors, OneThreadMayWaitForManyRooms) {
    Pair pair;
    std::deque<Incoming> incoming;
    std::deque<Outgoing> outgoing;
    std::vector<pollfd> polled;
    for (RoomId room = 0; room < 16; ++room) {
        incoming.emplace_back(pair.language(), pair.endpoint(), room, Into::sink);
        polled.push_back({incoming.back().reception().descriptor(), POLLIN, 0});
    }
    for (RoomId room = 0; room < 16; ++room)
        outgoing.emplace_back(pair.embedding(), Content{15 - room, 600}, From::contiguous);
    std::size_t ended = 0;
    while (ended < incoming.size()) {
        ASSERT_GT(::poll(polled.data(), polled.size(), static_cast<int>(scaled(20'000).count())), 0);
        for (std::size_t i = 0; i < polled.size(); ++i) {
            if ((polled[i].revents & POLLIN) == 0) continue;
            EXPECT_EQ(incoming[i].reception().poll(), Status::Success);
            polled[i].fd = -1;
            ++ended;
        }
    }
}

TEST(Wait, ReturnsAtItsDeadlineWithTheStatusAsItIs) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    EXPECT_EQ(incoming.reception().wait_for(std::chrono::milliseconds(20)), Status::Bootstrapping);
    EXPECT_EQ(incoming.reception().reason(), "");
    EXPECT_EQ(incoming.reception().wait(std::chrono::steady_clock::now() - std::chrono::hours(1)),
              Status::Bootstrapping);
}

}  // namespace
}  // namespace remit::worker::test
