// Workers that go and come back: what they had ends with a reason, and whoever comes next works.

#include "pair.hpp"

#include <deque>

namespace remit::worker::test {
namespace {

PairOptions quick() {
    PairOptions options;
    for (TimingOptions* timing : {&options.embedding.timing, &options.language.timing}) {
        timing->ping_period = scaled(100);
        timing->peer_silence = scaled(2000);
    }
    options.language_blocks = 10;
    return options;
}

TEST(Restart, AnEmbeddingWorkerThatGoesFailsTheRoomsThatWait) {
    Pair pair(quick());
    pair.expect_transfer({1, 300}, 128);
    std::deque<Incoming> waiting;
    for (RoomId room = 10; room < 14; ++room) {
        ReceiveOptions options;
        options.deadline = scaled(5000);  // a room whose INIT was not heard waits for a worker that comes back
        waiting.emplace_back(pair.language(), pair.endpoint(), room, Into::sink, std::move(options));
    }
    ASSERT_TRUE(comes_true([&] { return !waiting.back().reception().history().empty(); }));
    pair.stop_embedding();
    for (const Incoming& room : waiting) room.expect_failed("embedding worker");
    expect_whole(pair.language());
}

TEST(Restart, AnEmbeddingWorkerThatComesBackOnItsPortWorks) {
    PairOptions options = quick();
    Pair pair(options);
    for (std::uint64_t life = 0; life < 3; ++life) {
        pair.expect_transfer({1, 2000, life}, 1024);
        pair.options().embedding.control.listen = pair.endpoint();
        const std::string before = pair.endpoint();
        pair.stop_embedding();
        pair.start_embedding();
        EXPECT_EQ(pair.endpoint(), before);
    }
    pair.expect_transfer({1, 2000, 9}, 1024);
}

TEST(Restart, AReceiveWhileTheEmbeddingWorkerIsAwayIsServedWhenItIsBack) {
    Pair pair(quick());
    pair.expect_transfer({1, 300}, 128);
    pair.options().embedding.control.listen = pair.endpoint();
    pair.stop_embedding();
    const Incoming incoming = pair.receive(2, 1024);
    pair.start_embedding();
    const Outgoing outgoing = pair.send({2, 2000});
    const Status end = incoming.reception().wait_for(scaled(20'000));
    if (end == Status::Success) {
        incoming.expect_success({2, 2000});
        outgoing.expect_success();
    } else {  // it was offered to the one that is gone
        incoming.expect_failed("embedding worker");
        outgoing.send().abort();
    }
    pair.expect_transfer({3, 2000}, 1024);
}

TEST(Restart, AReceiveBeforeTheEmbeddingWorkerExistsIsServed) {
    Pair pair(quick());
    pair.options().embedding.control.listen = pair.endpoint();
    pair.stop_embedding();
    const Incoming incoming = pair.receive(2, 1024);
    EXPECT_EQ(incoming.reception().wait_for(std::chrono::milliseconds(100)), Status::Bootstrapping);
    pair.start_embedding();
    const Outgoing outgoing = pair.send({2, 2000});
    incoming.expect_success({2, 2000});
    outgoing.expect_success();
}

/// A room that has two of its four blocks and gets no more.
struct Midway {
    explicit Midway(Pair& pair) : holder(pair.receive(1000, 1024, Into::kept)) {
        const Outgoing outgoing = pair.send({1000, 1024});
        holder.expect_success({1000, 1024});
    }
    Incoming holder;
};

TEST(Restart, AnEmbeddingWorkerThatGoesMidwayFailsTheRoomAndItsBlocksComeBack) {
    Pair pair(quick());
    {
        const Midway midway(pair);
        const Incoming incoming = pair.receive(1, 256, Into::kept);
        const Content content{1, 512};
        Tensors tensors(small_layout(), 512);
        tensors.fill(content);
        const std::vector<void*> addresses = tensors.addresses();
        const Send send = pair.embedding().send(1, ContiguousSource{{addresses.begin(), addresses.end()}}, 512);
        ASSERT_TRUE(comes_true([&] { return incoming.reception().poll() == Status::Transferring; }));
        pair.stop_embedding();
        EXPECT_EQ(send.poll(), Status::Failed);
        EXPECT_NE(send.reason().find("stopped"), std::string::npos) << send.reason();
        EXPECT_EQ(tensors.fault(content), "");
        incoming.expect_failed("embedding worker stopped");
        EXPECT_TRUE(comes_true([&] { return pair.language().free_blocks() == 2; })) << pair.language().free_blocks();
        midway.holder.expect_content({1000, 1024});
        pair.start_embedding();
        pair.expect_transfer({1, 512, 2}, 256);
    }
}

TEST(Restart, ALanguageWorkerThatGoesMidwayFailsTheSendAndTheSourceIsFreeAtOnce) {
    Pair pair(quick());
    auto midway = std::make_unique<Midway>(pair);
    auto incoming = std::make_unique<Incoming>(pair.language(), pair.endpoint(), 1, Into::kept, [] {
        ReceiveOptions options;
        options.expected_tokens = 256;
        return options;
    }());
    Outgoing outgoing(pair.embedding(), {1, 512});
    ASSERT_TRUE(comes_true([&] { return incoming->reception().poll() == Status::Transferring; }));
    pair.stop_language();
    incoming->expect_failed("language worker stopped");
    incoming.reset();
    midway.reset();
    outgoing.expect_failed("language worker");
    pair.start_language();
    outgoing.begin();  // the same source, to the next one
    const Incoming again = pair.receive(1, 256);
    again.expect_success({1, 512});
    outgoing.expect_success();
}

/// The sink runs on the worker's thread: one that blocks makes the worker deaf for longer than its peer's patience.
TEST(Restart, ALanguageWorkerThatIsDeafTooLongIsGivenUpAndWorksAgain) {
    Pair pair(quick());
    const Outgoing outgoing = pair.send({1, 6000});
    ReceiveOptions options;
    const Tensors tensors(small_layout(), 6000);
    options.into = [&](std::uint64_t) {
        EXPECT_TRUE(is_final(outgoing.send().wait_for(scaled(20'000))));
        return SinkTensors{tensors.addresses()};
    };
    const Reception deaf = pair.language().receive(1, pair.endpoint(), options);
    outgoing.expect_failed("silent for");
    EXPECT_EQ(deaf.wait_for(scaled(20'000)), Status::Failed);
    EXPECT_NE(deaf.reason(), "");
    expect_whole(pair.language());
    pair.expect_transfer({2, 3000}, 1024);
}

TEST(Restart, ASendThatWaitedSurvivesALanguageWorkerThatNeverAsked) {
    Pair pair(quick());
    pair.expect_transfer({1, 300}, 128);
    const Outgoing outgoing = pair.send({2, 2000});
    pair.stop_language();
    pair.start_language();
    const Incoming incoming = pair.receive(2, 1024);
    incoming.expect_success({2, 2000});
    outgoing.expect_success();
}

TEST(Restart, HandlesOutliveTheirWorkers) {
    std::optional<Reception> reception;
    std::optional<Reception> kept;
    std::optional<Send> send;
    {
        Pair pair;
        Incoming incoming = pair.receive(1, 128, Into::kept);
        const Outgoing outgoing = pair.send({1, 100}, From::contiguous);
        incoming.expect_success({1, 100});
        outgoing.expect_success();
        kept = incoming.reception();
        send = outgoing.send();
        incoming.drop();
        reception = pair.language().receive(2, pair.endpoint());
        pair.stop_language();
        pair.stop_embedding();
    }
    EXPECT_EQ(reception->poll(), Status::Failed);
    EXPECT_NE(reception->reason().find("language worker stopped"), std::string::npos) << reception->reason();
    reception->abort();
    send->abort();
    kept->release();
    EXPECT_EQ(kept->poll(), Status::Success);
    EXPECT_EQ(send->poll(), Status::Success);
}

TEST(Restart, WorkersWithoutPeersComeAndGo) {
    for (int i = 0; i < 20; ++i) Pair pair;
}

TEST(Restart, ManyLanguageWorkersOneAfterTheOtherLeaveNothingBehind) {
    PairOptions options = quick();
    options.embedding.limits.peers = 4;  // sessions of the dead make room
    Pair pair(options);
    for (std::uint64_t life = 0; life < 12; ++life) {
        pair.expect_transfer({1, 500, life}, 256);
        pair.stop_language();
        pair.start_language();
    }
}

}  // namespace
}  // namespace remit::worker::test
