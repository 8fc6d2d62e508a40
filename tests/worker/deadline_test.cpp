// No wait without a deadline, and every deadline says what was awaited, from whom, and how long.

#include "pair.hpp"

namespace remit::worker::test {
namespace {

Incoming receive_within(Pair& pair, RoomId room, long milliseconds, const std::string& endpoint,
                        std::uint64_t expected = 1024) {
    ReceiveOptions options;
    options.expected_tokens = expected;
    options.deadline = scaled(milliseconds);
    return {pair.language(), endpoint, room, Into::sink, std::move(options)};
}

TEST(Deadlines, NobodyAtTheEndpointIsSaidWithItsAddress) {
    Pair pair;
    const Incoming incoming = receive_within(pair, 1, 300, "tcp://127.0.0.1:1");
    incoming.expect_failed("REGISTERED from the embedding worker at 127.0.0.1:1");
    incoming.expect_failed("deadline of");
    pair.expect_transfer({1, 2000}, 1024);
}

TEST(Deadlines, AMissingSendIsSaidWithTheRoom) {
    Pair pair;
    for (const std::uint64_t expected : {1024U, 0U}) {
        const Incoming incoming = receive_within(pair, 4711, 300, pair.endpoint(), expected);
        incoming.expect_failed("send() of room 4711");
        expect_whole(pair.language());
    }
    pair.expect_transfer({4712, 2000}, 1024);
}

TEST(Deadlines, ALackOfMemoryIsSaidWithWhatIsFree) {
    PairOptions options;
    options.language_blocks = 10;
    Pair pair(options);
    const Incoming holder = pair.receive(1, 1280, Into::kept);
    {
        const Outgoing outgoing = pair.send({1, 1280});
        holder.expect_success({1, 1280});
    }
    const Incoming starved = receive_within(pair, 2, 400, pair.endpoint());
    const Outgoing outgoing = pair.send({2, 600});
    starved.expect_failed("memory: 0 of 10 blocks");
    EXPECT_TRUE(is_final(outgoing.send().wait_for(scaled(20'000))));
    holder.expect_content({1, 1280});
    holder.reception().release();
    pair.expect_transfer({2, 600, 2}, 1024);
}

TEST(Deadlines, TheWorkersOwnAppliesWhereTheRoomHasNone) {
    PairOptions options;
    options.language.timing.room_deadline = scaled(300);
    Pair pair(options);
    const Incoming incoming = pair.receive(1, 1024);
    incoming.expect_failed("deadline of " + std::to_string(scaled(300).count()) + " ms");
}

TEST(Deadlines, ASendThatNobodyAsksForFails) {
    PairOptions options;
    options.embedding.timing.park_deadline = scaled(300);
    Pair pair(options);
    const Outgoing outgoing = pair.send({12, 100});
    outgoing.expect_failed("0 of 1 language workers asked for room 12");
    pair.expect_transfer({12, 100}, 128);
}

TEST(Deadlines, AnInitWhoseSendDoesNotComeFailsAtTheReceiverToo) {
    PairOptions options;
    options.embedding.timing.park_deadline = scaled(300);
    Pair pair(options);
    const Incoming incoming = pair.receive(12, 1024);
    incoming.expect_failed("no send() for room 12");
    pair.expect_transfer({12, 100}, 128);
}

TEST(Deadlines, AResumeThatDoesNotComeFailsTheSendAndTheRoom) {
    PairOptions options;
    options.embedding.timing.resume_deadline = scaled(500);
    options.language_blocks = 10;
    Pair pair(options);
    const Incoming holder = pair.receive(1, 1024, Into::kept);
    {
        const Outgoing outgoing = pair.send({1, 1024});
        holder.expect_success({1, 1024});
    }
    const Incoming starved = pair.receive(2, 256, Into::kept);
    const Outgoing outgoing = pair.send({2, 512});
    for (const char* part : {"no RESUME of room 2 from the language worker at 127.0.0.1:", "to token 256"}) {
        outgoing.expect_failed(part);
        starved.expect_failed(part);
    }
    EXPECT_TRUE(comes_true([&] { return pair.language().free_blocks() == 2; })) << pair.language().free_blocks();
}

TEST(Deadlines, AReceiverThatQueuesForBlocksIsNotFailedByItsSendersShorterWaits) {
    PairOptions options;
    options.embedding.timing.park_deadline = options.embedding.timing.round_deadline = scaled(300);
    options.language_blocks = 10;
    Pair pair(options);
    const Incoming holder = pair.receive(1, 1024, Into::kept);
    {
        const Outgoing outgoing = pair.send({1, 1024});
        holder.expect_success({1, 1024});
    }
    const Incoming queueing = pair.receive(2, 256, Into::kept);
    const Outgoing outgoing = pair.send({2, 512});
    EXPECT_EQ(queueing.reception().wait_for(scaled(900)), Status::Transferring) << queueing.reception().reason();
    holder.reception().release();
    queueing.expect_success({2, 512});
    outgoing.expect_success();
}

TEST(Deadlines, OfASenderOutlastByDefaultItsReceiversWaitForMemory) {
    const TimingOptions timing;
    EXPECT_GT(timing.resume_deadline, timing.memory_deadline);
    EXPECT_GE(timing.room_deadline, timing.memory_deadline);
}

TEST(Deadlines, OfOneRoomLeaveTheOthersAlone) {
    Pair pair;
    const Incoming late = receive_within(pair, 1, 300, pair.endpoint());
    const Incoming patient = pair.receive(2, 1024);
    late.expect_failed("deadline");
    const Outgoing outgoing = pair.send({2, 5000});
    patient.expect_success({2, 5000});
    outgoing.expect_success();
}

TEST(Idle, WorkersKeepTheirSessionOverTheSilenceOfTheirUsers) {
    PairOptions options;
    for (TimingOptions* timing : {&options.embedding.timing, &options.language.timing}) {
        timing->ping_period = scaled(50);
        timing->peer_silence = scaled(1000);
    }
    Pair pair(options);
    pair.expect_transfer({1, 2000}, 1024);
    // Nothing happens for longer than the peers' patience: this room's only purpose is to let the time pass.
    const Incoming nothing = receive_within(pair, 9, 1500, "tcp://127.0.0.1:1");
    nothing.expect_failed("deadline");
    pair.expect_transfer({2, 2000}, 1024);
}

}  // namespace
}  // namespace remit::worker::test
