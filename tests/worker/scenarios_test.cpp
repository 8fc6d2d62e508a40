// The four scenarios: what fits, what is resumed once, what is resumed often, and what fails.

#include "pair.hpp"

#include <atomic>
#include <thread>

namespace remit::worker::test {
namespace {

using enum Status;

struct Scenario {
    std::uint64_t tokens;
    std::uint64_t expected;
    std::uint32_t pool_blocks;
    Into into;
    std::uint32_t rounds;
};

class Scenarios : public testing::TestWithParam<std::tuple<Scenario, Arrangement, bool>> {};

TEST_P(Scenarios, EveryByteArrivesInTheRightNumberOfRounds) {
    const auto& [scenario, arrangement, overlap] = GetParam();
    PairOptions options;
    Layout::Shape shape = options.language_layout.shape();
    shape.arrangement = arrangement;
    options.language_layout = Layout::multimodal(shape);
    options.language_blocks = scenario.pool_blocks;
    options.language.overlap = overlap;
    Pair pair(options);
    const Content content{7, scenario.tokens};
    const Incoming incoming = pair.receive(7, scenario.expected, scenario.into);
    const Outgoing outgoing = pair.send(content);
    incoming.expect_success(content);
    outgoing.expect_success();
    EXPECT_EQ(incoming.reception().rounds(), scenario.rounds);
    EXPECT_EQ(incoming.reception().resumes(), scenario.rounds - 1);
    EXPECT_EQ(outgoing.send().rounds(), scenario.rounds);
    EXPECT_GE(outgoing.send().bytes(), pair.language().layout().payload_bytes(scenario.tokens));
    std::vector<Status> expected{Bootstrapping, WaitingForInput, Success};
    if (scenario.rounds > 1) expected = {Bootstrapping, WaitingForInput, Transferring, Success};
    EXPECT_EQ(statuses_of(incoming.reception()), expected);
}

INSTANTIATE_TEST_SUITE_P(
    , Scenarios,
    testing::Combine(testing::Values(Scenario{500, 1024, 128, Into::sink, 1}, Scenario{500, 1024, 128, Into::kept, 1},
                                     Scenario{2000, 1024, 128, Into::sink, 2}, Scenario{2000, 1024, 128, Into::kept, 2},
                                     Scenario{10000, 1024, 128, Into::sink, 2},
                                     Scenario{10000, 1024, 128, Into::kept, 2},
                                     Scenario{10000, 1024, 8, Into::sink, 10}),
                     testing::Values(Arrangement::segments, Arrangement::slab), testing::Bool()),
    [](const auto& test) {
        const Scenario& s = std::get<0>(test.param);
        return std::to_string(s.tokens) + "into" + std::to_string(s.expected) + "pool" + std::to_string(s.pool_blocks) +
               (s.into == Into::sink ? "Sink" : "Kept") +
               (std::get<1>(test.param) == Arrangement::slab ? "Slab" : "Segments") +
               (std::get<2>(test.param) ? "Overlap" : "Serial");
    });

/// Looks as often as it can; what it sees must be a subsequence of the one order that there is.
std::vector<Status> watch(const Reception& reception, std::atomic<bool>* looking = nullptr) {
    std::vector<Status> seen;
    const auto deadline = std::chrono::steady_clock::now() + scaled(30'000);
    while ((seen.empty() || !is_final(seen.back())) && std::chrono::steady_clock::now() < deadline) {
        const Status now = reception.poll();
        if (seen.empty() || seen.back() != now) seen.push_back(now);
        if (looking != nullptr) *looking = true;
    }
    return seen;
}

void expect_growing_to_success(const std::vector<Status>& seen) {
    EXPECT_EQ(seen.back(), Success);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Statuses, APollerSeesARoomThatIsResumedGoForwardOnly) {
    PairOptions options;
    options.language_blocks = 1;
    Pair pair(options);
    const Incoming incoming = pair.receive(1, 128);
    std::vector<Status> seen;
    std::atomic<bool> looking{false};
    std::thread poller([&] { seen = watch(incoming.reception(), &looking); });
    EXPECT_TRUE(comes_true([&] { return incoming.reception().history().size() == 1 && looking; }));  // INIT went out
    const Outgoing outgoing = pair.send({1, 6000});
    poller.join();
    incoming.expect_success({1, 6000});
    outgoing.expect_success();
    EXPECT_EQ(seen.front(), Bootstrapping);
    expect_growing_to_success(seen);
    EXPECT_EQ(statuses_of(incoming.reception()),
              (std::vector<Status>{Bootstrapping, WaitingForInput, Transferring, Success}));
}

TEST(Statuses, APollerNeverSeesTransferringOfARoomThatFits) {
    Pair pair;
    for (RoomId room = 0; room < 50; ++room) {
        const Incoming incoming = pair.receive(room, 1024);
        std::vector<Status> seen;
        std::thread poller([&] { seen = watch(incoming.reception()); });
        const Outgoing outgoing = pair.send({room, 500});
        poller.join();
        incoming.expect_success({room, 500});
        outgoing.expect_success();
        expect_growing_to_success(seen);
        EXPECT_EQ(std::count(seen.begin(), seen.end(), Transferring), 0);
    }
}

TEST(Statuses, NumbersAreTheContract) {
    EXPECT_EQ(static_cast<int>(Failed), 0);
    EXPECT_EQ(static_cast<int>(Bootstrapping), 1);
    EXPECT_EQ(static_cast<int>(WaitingForInput), 2);
    EXPECT_EQ(static_cast<int>(Transferring), 3);
    EXPECT_EQ(static_cast<int>(Success), 4);
}

TEST(History, TellsTheTimelineOfAResumedRoom) {
    PairOptions options;
    options.language.overlap = false;
    Pair pair(options);
    const Incoming incoming = pair.receive(3, 1024);
    const Outgoing outgoing = pair.send({3, 2000});
    incoming.expect_success({3, 2000});
    outgoing.expect_success();
    std::vector<std::string> story;
    for (const RoomEvent& event : incoming.reception().history()) {
        story.push_back(event.what + " " + std::to_string(event.first_token) + "+" + std::to_string(event.tokens) +
                        " " + std::to_string(event.blocks));
    }
    EXPECT_EQ(story, (std::vector<std::string>{"INIT 0+1024 8", "announced 0+2000 0", "round complete 0+1024 8",
                                               "copied out 0+1024 8", "RESUME 1024+976 8", "round complete 1024+976 8",
                                               "copied out 1024+976 8", "final 0+2000 0"}));
}

TEST(Orders, SendMayComeLongBeforeReceiveAndAfterIt) {
    Pair pair;
    {
        const Outgoing outgoing = pair.send({1, 2000});
        const Incoming incoming = pair.receive(1, 1024);
        incoming.expect_success({1, 2000});
        outgoing.expect_success();
    }
    const Incoming incoming = pair.receive(2, 1024);
    // INIT is at the embedding worker: only `send` is missing.
    ASSERT_TRUE(comes_true([&] { return pair.language().free_blocks() < pair.language().pool_blocks(); }));
    EXPECT_EQ(incoming.reception().poll(), Bootstrapping);
    const Outgoing outgoing = pair.send({2, 2000});
    incoming.expect_success({2, 2000});
    outgoing.expect_success();
}

TEST(Orders, SizeFirstTakesOneRoundOfExactlyWhatIsNeeded) {
    Pair pair;
    for (const Into into : {Into::sink, Into::kept}) {
        const Incoming incoming = pair.receive(9, 0, into);
        const Outgoing outgoing = pair.send({9, 2000});
        incoming.expect_success({9, 2000});
        outgoing.expect_success();
        EXPECT_EQ(incoming.reception().rounds(), 1U);
        EXPECT_EQ(statuses_of(incoming.reception()), (std::vector<Status>{Bootstrapping, WaitingForInput, Success}));
    }
}

TEST(Orders, ARoomIdMayBeUsedAgainAtOnce) {
    Pair pair;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        pair.expect_transfer({5, 100 + 13 * seed, seed}, 512, seed % 2 == 0 ? Into::sink : Into::kept);
    }
}

}  // namespace
}  // namespace remit::worker::test
