// Several language workers of one room, over loopback: each gets a copy, and what a dead or slow one means.

#include "growing.hpp"
#include "pair.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace remit::worker::test {
namespace {

/// One embedding worker and several language workers with small pools, so that a request takes many rounds.
struct Ranks {
    explicit Ranks(std::uint32_t count, OnDeadRank setting,
                   const std::function<void(EmbeddingWorkerOptions&)>& tune = {}) {
        static std::atomic<int> made{0};
        network = "ranks " + std::to_string(++made);
        EmbeddingWorkerOptions options;
        options.fabric.kind = FabricKind::loopback;
        options.fabric.loopback_network = network;
        options.on_dead_rank = setting;
        options.gather = Gather::always;
        if (tune) tune(options);
        embedding = std::make_unique<EmbeddingWorker>(options, small_layout(), 2048);
        for (std::uint32_t i = 0; i < count; ++i) {
            LanguageWorkerOptions language;
            language.fabric.kind = FabricKind::loopback;
            language.fabric.loopback_network = network;
            languages.push_back(std::make_unique<LanguageWorker>(language, small_layout(), 4));
        }
    }
    Incoming receive(std::size_t rank, RoomId room, ReceiveOptions options = {}, std::uint32_t required = 0) {
        options.required_dst_info_num = required != 0 ? required : static_cast<std::uint32_t>(languages.size());
        options.expected_tokens = 100 + 50 * rank;
        return {*languages[rank], embedding->endpoint(), room, Into::sink, std::move(options)};
    }

    std::string network;
    std::unique_ptr<EmbeddingWorker> embedding;
    std::vector<std::unique_ptr<LanguageWorker>> languages;
};

bool midway(const Incoming& incoming) {
    return comes_true([&] { return incoming.reception().rounds() >= 3 || is_final(incoming.reception().poll()); }) &&
           !is_final(incoming.reception().poll());
}

constexpr Content kLong{7, 100'000, 3};
// What is there of it when something happens to a rank: none can have come to its end.
constexpr std::uint64_t kHalf = kLong.tokens / 2;

TEST(Ranks, EachGetsACopyInRoundsOfItsOwn) {
    Ranks ranks(3, OnDeadRank::fail);
    const Content content{1, 5000};
    std::deque<Incoming> incoming;
    for (std::size_t i = 0; i < 3; ++i)
        incoming.emplace_back(*ranks.languages[i], ranks.embedding->endpoint(), 1, Into::sink,
                              ReceiveOptions{.expected_tokens = 100 + 100 * i, .required_dst_info_num = 3});
    const Outgoing outgoing(*ranks.embedding, content);
    for (const Incoming& one : incoming) one.expect_success(content);
    outgoing.expect_success();
    EXPECT_EQ(outgoing.send().failed_ranks(), 0u);
    EXPECT_LT(outgoing.send().gathered(), 4 * outgoing.send().bytes()) << "bytes() counts every rank's";
}

TEST(Ranks, OneThatDiesMidwayFailsAllWhereThatIsTheSetting) {
    Ranks ranks(2, OnDeadRank::fail);
    const Incoming lives = ranks.receive(0, kLong.room);
    {
        const Incoming dies = ranks.receive(1, kLong.room);
        const Growing outgoing(*ranks.embedding, kLong, kHalf);
        ASSERT_TRUE(midway(dies) && midway(lives));
        ranks.languages[1].reset();
        lives.expect_failed("one of the room's 2 language workers failed");
        outgoing.expect_failed("one of the room's 2 language workers failed");
        EXPECT_EQ(lives.reception().answer(), SenderAnswer::failed);
    }
    expect_whole(*ranks.languages[0]);
    // The next room is served.
    const Content next{8, 3000, 4};
    const Incoming incoming = ranks.receive(0, next.room, {}, 1);
    const Outgoing outgoing(*ranks.embedding, next);
    incoming.expect_success(next);
    outgoing.expect_success();
}

TEST(Ranks, OneThatDiesMidwayCostsTheOthersNothingWhereTheyGoOn) {
    Ranks ranks(3, OnDeadRank::go_on);
    const Incoming first = ranks.receive(0, kLong.room);
    const Incoming dies = ranks.receive(1, kLong.room);
    const Incoming third = ranks.receive(2, kLong.room);
    Growing outgoing(*ranks.embedding, kLong, kHalf);
    ASSERT_TRUE(midway(dies));
    ranks.languages[1].reset();
    outgoing.grow(kLong.tokens);
    first.expect_success(kLong, 60'000);
    third.expect_success(kLong, 60'000);
    outgoing.expect_success(60'000);
    EXPECT_EQ(outgoing.send().failed_ranks(), 1u);
}

TEST(Ranks, AnAbortOfOneWithItsReasonIsHeardByTheOthers) {
    Ranks ranks(2, OnDeadRank::fail);
    const Incoming owner = ranks.receive(0, kLong.room);
    ReceiveOptions waits;
    waits.owns_deadline = false;
    const Incoming other = ranks.receive(1, kLong.room, waits);
    const Growing outgoing(*ranks.embedding, kLong, kHalf);
    ASSERT_TRUE(midway(owner) && midway(other));
    owner.reception().abort("the scheduler has decided");
    other.expect_failed("the scheduler has decided");
    owner.expect_failed("the scheduler has decided");
    outgoing.expect_failed("the scheduler has decided");
}

TEST(Ranks, OneOwnsTheDeadlineAndTheDecisionIsHandedDown) {
    Ranks ranks(2, OnDeadRank::fail);
    ReceiveOptions owns;
    owns.deadline = scaled(300);
    const Incoming owner = ranks.receive(0, 9, owns);
    ReceiveOptions waits;
    waits.owns_deadline = false;
    const Incoming other = ranks.receive(1, 9, waits);
    owner.expect_failed("send() of room 9");
    EXPECT_FALSE(is_final(other.reception().poll())) << "its own clock has no say";
    EXPECT_EQ(other.reception().answer(), SenderAnswer::not_ready);
    other.reception().abort("rank 0: " + owner.reception().reason());
    other.expect_failed("rank 0: deadline of");
    for (const auto& language : ranks.languages) expect_whole(*language);
}

TEST(Ranks, ASlowOneDelaysNobody) {
    Ranks ranks(2, OnDeadRank::fail);
    std::mutex mutex;
    std::condition_variable changed;
    bool go_on = false;
    // Its worker's thread stands in the sink: nothing of it moves meanwhile.
    std::unique_ptr<Tensors> tensors;
    ReceiveOptions slow;
    slow.required_dst_info_num = 2;
    slow.expected_tokens = 100;
    slow.into = [&](std::uint64_t total) {
        tensors = std::make_unique<Tensors>(small_layout(), total);
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return go_on; });
        return SinkTensors{tensors->addresses()};
    };
    const Content content{5, 2000, 6};
    const Reception stands = ranks.languages[1]->receive(content.room, ranks.embedding->endpoint(), slow);
    const Incoming quick = ranks.receive(0, content.room, {}, 2);
    const Outgoing outgoing(*ranks.embedding, content, From::contiguous);
    quick.expect_success(content, 4'000);  // less than the silence after which the slow one is given up
    EXPECT_FALSE(is_final(stands.poll()));
    {
        const std::lock_guard lock(mutex);
        go_on = true;
    }
    changed.notify_all();
    ASSERT_EQ(stands.wait_for(scaled(30'000)), Status::Success) << stands.reason();
    EXPECT_EQ(tensors->fault(content), "");
    outgoing.expect_success();
}

TEST(Ranks, ARejectedRoomSaysThatItNeverComesToAll) {
    Ranks ranks(2, OnDeadRank::fail);
    const Incoming before = ranks.receive(0, 9);
    ASSERT_TRUE(comes_true([&] { return before.reception().answer() == SenderAnswer::not_ready; }));
    ranks.embedding->reject(9, "the encoder failed");
    before.expect_failed("the encoder failed");
    EXPECT_EQ(before.reception().answer(), SenderAnswer::never);
    const Incoming after = ranks.receive(1, 9);
    after.expect_failed("the encoder failed");
    EXPECT_EQ(after.reception().answer(), SenderAnswer::never);
}

}  // namespace
}  // namespace remit::worker::test
