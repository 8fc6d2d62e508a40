// The sender's state machine: aborts, yields, windows, deadlines.

#include "embedding_fixture.hpp"

namespace remit::protocol::embedding {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EmbeddingEnds : public EmbeddingMachine {
protected:
    void SetUp() override { register_peer(); }
};

TEST_F(EmbeddingEnds, AbortBeforeInitOpensNothingLater) {
    abort(1);
    const auto answer = only<Aborted>(drain());
    EXPECT_TRUE(answer.drained);
    EXPECT_EQ(answer.rounds, 0u);
    machine.on_send(kSend, kRoom, 100, now);
    init(1, blocks(0, 1), 128);  // was still on the way
    const auto actions = drain();
    EXPECT_THAT(all<StartRound>(actions), IsEmpty());
    EXPECT_THAT(told<Aborted>(actions), SizeIs(1));
    EXPECT_THAT(told<StatusReport>(actions), IsEmpty());
}

TEST_F(EmbeddingEnds, AbortWithRoundsInFlightIsAnsweredWhenTheyAreIn) {
    machine.on_send(kSend, kRoom, 2000, now);
    init(1, blocks(0, 8), 1024);
    resume(1, blocks(8, 8), 1024, 976);
    machine.on_posted(key(1));
    drain();
    abort(1);
    auto actions = drain();
    EXPECT_THAT(all<CloseRounds>(actions), SizeIs(1));
    EXPECT_THAT(told<Aborted>(actions), IsEmpty());
    abort(1);  // a repeat hurries nothing
    actions = drain();
    EXPECT_THAT(told<Aborted>(actions), IsEmpty());
    EXPECT_THAT(all<CloseRounds>(actions), IsEmpty());
    EXPECT_THAT(all<SendFinal>(actions), IsEmpty());
    machine.on_idle(key(1), now);
    actions = drain();
    EXPECT_EQ(only<Aborted>(actions).rounds, 2u);
    EXPECT_EQ(all<SendFinal>(actions).at(0).status, Status::Failed);
    abort(1);  // and one that comes late gets the same again
    EXPECT_EQ(only<Aborted>(drain()).rounds, 2u);
}

TEST_F(EmbeddingEnds, FailedAttemptWaitsForAbortAndClosesItsRounds) {
    machine.on_send(kSend, kRoom, 2000, now);
    init(1, blocks(0, 8), 1024);
    machine.on_posted(key(1));
    drain();
    machine.on_cancel(kSend, "cancelled by its user", now);
    auto actions = drain();
    EXPECT_THAT(all<CancelAttempt>(actions), SizeIs(1));
    EXPECT_THAT(only<StatusReport>(actions).reason, HasSubstr("cancelled by its user"));
    EXPECT_THAT(all<SendFinal>(actions), IsEmpty());  // the source is still read
    machine.on_idle(key(1), now);
    EXPECT_THAT(all<SendFinal>(drain()), SizeIs(1));
    abort(1);
    EXPECT_THAT(all<CloseRounds>(drain()), SizeIs(1));
    machine.on_idle(key(1), now);
    EXPECT_EQ(only<Aborted>(drain()).rounds, 1u);
}

TEST_F(EmbeddingEnds, YieldBeforeAWriteParksTheSendAgain) {
    machine.on_send(kSend, kRoom, 300, now);
    init(1, blocks(0, 2), 256);
    drain();
    abort(1, AbortKind::yield);
    auto actions = drain();
    EXPECT_EQ(only<Aborted>(actions).rounds, 0u);
    EXPECT_EQ(all<SendStatus>(actions).at(0).status, Status::Bootstrapping);
    EXPECT_THAT(all<SendFinal>(actions), IsEmpty());
    machine.on_idle(key(1), now);
    drain();
    init(2, {}, 0);
    EXPECT_EQ(only<StatusReport>(drain()).total_tokens, 300u);
}

TEST_F(EmbeddingEnds, YieldAfterAWriteIsRefusedByGoingOn) {
    machine.on_send(kSend, kRoom, 300, now);
    init(1, blocks(0, 2), 256);
    machine.on_posted(key(1));
    drain();
    abort(1, AbortKind::yield);
    auto actions = drain();
    EXPECT_THAT(told<Aborted>(actions), IsEmpty());
    EXPECT_EQ(only<StatusReport>(actions).status, Status::WaitingForInput);
    machine.on_round_written(key(1), 0, now);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Transferring);
}

TEST_F(EmbeddingEnds, YieldedAttemptNeverAnswersWithStatus) {
    machine.on_send(kSend, kRoom, 300, now);
    init(1, blocks(0, 2), 256);
    abort(1, AbortKind::yield);
    machine.on_idle(key(1), now);
    drain();
    init(1, blocks(0, 2), 256);
    resume(1, blocks(2, 1), 256, 44);
    abort(1);
    const auto actions = drain();
    EXPECT_THAT(told<Aborted>(actions), SizeIs(3));
    EXPECT_THAT(told<StatusReport>(actions), IsEmpty());
}

TEST_F(EmbeddingEnds, AHigherInitSupersedesALowerOne) {
    machine.on_send(kSend, kRoom, 300, now);
    init(3, blocks(0, 2), 256);
    drain();
    init(4, blocks(4, 2), 256);
    auto actions = drain();
    EXPECT_EQ(all<StartRound>(actions).at(0).key, key(4));
    init(2, blocks(8, 2), 256);  // from an old connection
    actions = drain();
    EXPECT_THAT(all<StartRound>(actions), IsEmpty());
    EXPECT_EQ(only<Aborted>(actions).id.attempt, 2u);
}

TEST_F(EmbeddingEnds, SupersededWithAWritePostedFailsAndFreesNothing) {
    machine.on_send(kSend, kRoom, 3000, now);
    init(3, blocks(0, 2), 256);
    machine.on_posted(key(3));
    drain();
    init(4, blocks(4, 2), 256);
    const auto reports = told<StatusReport>(drain());
    ASSERT_THAT(reports, SizeIs(2));
    EXPECT_EQ(reports[0].id.attempt, 3u);
    EXPECT_EQ(reports[0].status, Status::Failed);
    EXPECT_EQ(reports[1].status, Status::Bootstrapping);
}

// The receiver has Success with the last immediate, the sender a completion later.
TEST_F(EmbeddingEnds, ARoomAskedForAgainDoesNotFailASendThatIsDelivered) {
    machine.on_send(kSend, kRoom, 200, now);
    init(3, blocks(0, 2), 256);
    machine.on_posted(key(3));
    init(4, blocks(4, 2), 256);
    EXPECT_THAT(all<CancelAttempt>(drain()), IsEmpty());
    machine.on_round_written(key(3), 0, now);
    machine.on_idle(key(3), now);
    EXPECT_EQ(all<SendFinal>(drain()).at(0).status, Status::Success);
}

TEST_F(EmbeddingEnds, LeftOfTheWindowIsDrainedOrNeverWasOpened) {
    for (std::uint64_t attempt = 10; attempt < 20; ++attempt) abort(attempt, AbortKind::abort, 1000 + attempt);
    drain();
    init(3, blocks(0, 1), 128);
    EXPECT_EQ(only<Aborted>(drain()).rounds, std::nullopt);
    abort(3);
    EXPECT_EQ(only<Aborted>(drain()).rounds, std::nullopt);
    abort(10, AbortKind::abort, 1010);  // ended, drained and out of the window of 8
    EXPECT_EQ(only<Aborted>(drain()).rounds, std::nullopt);
    abort(12, AbortKind::abort, 1012);
    EXPECT_EQ(only<Aborted>(drain()).rounds, 0u);
}

TEST_F(EmbeddingEnds, OpenAttemptsAreHeldWhereverTheyLie) {
    machine.on_send(kSend, kRoom, 100, now);
    init(1, blocks(0, 1), 128);
    machine.on_posted(key(1));
    for (std::uint64_t attempt = 10; attempt < 40; ++attempt) abort(attempt, AbortKind::abort, 1000 + attempt);
    drain();
    init(1, blocks(0, 1), 128);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::WaitingForInput);
}

TEST_F(EmbeddingEnds, RejectedRoomIsRefusedNowAndLater) {
    init(1, blocks(0, 1), 128);
    drain();
    machine.on_reject(kRoom, "image is broken", now);
    EXPECT_THAT(only<StatusReport>(drain()).reason, HasSubstr("image is broken"));
    init(2, blocks(0, 1), 128);
    EXPECT_THAT(only<StatusReport>(drain()).reason, HasSubstr("image is broken"));
}

TEST_F(EmbeddingEnds, InitWithoutSendFailsAtItsDeadlineWithAReason) {
    init(1, blocks(0, 1), 128);
    drain();
    const Time deadline = config().timing.park_deadline;
    for (int i = 0; i < 1000 && machine.parked() > 0; ++i) {
        now = machine.next_deadline();
        machine.on_message(Ping{.id = id(0)}, now);  // the peer lives
        machine.on_time(now);
        ASSERT_GT(machine.next_deadline(), now);
    }
    EXPECT_GE(now - std::chrono::seconds(1), deadline);
    const auto reports = told<StatusReport>(drain());
    ASSERT_THAT(reports, SizeIs(1));
    EXPECT_THAT(reports[0].reason, HasSubstr("no send() for room 7"));
}

TEST_F(EmbeddingEnds, GenerationThatFailsTakesItsRoomsAndNoOthers) {
    register_peer(6);
    machine.on_send(kSend, kRoom, 100, now);
    machine.on_send(2, 8, 100, now);
    init(1, blocks(0, 1), 128);
    init(1, blocks(0, 1), 128, 8, 6);
    drain();
    machine.on_generation_failed({kSession, 1}, "transport retry counter exceeded", now);
    auto actions = drain();
    EXPECT_THAT(all<DestroyGeneration>(actions), SizeIs(1));
    EXPECT_THAT(all<SendFinal>(actions), IsEmpty());
    machine.on_idle(key(1), now);
    actions = drain();
    ASSERT_THAT(all<SendFinal>(actions), SizeIs(1));
    EXPECT_THAT(all<SendFinal>(actions)[0].reason, HasSubstr("retry counter"));
    write(1, 0, 6);
    machine.on_idle(key(1, 6), now);
    EXPECT_EQ(all<SendFinal>(drain()).at(0).status, Status::Success);
}

TEST_F(EmbeddingEnds, ShutDownEndsEverything) {
    machine.on_send(kSend, kRoom, 100, now);
    machine.on_send(2, 8, 100, now);
    init(1, blocks(0, 1), 128);
    drain();
    machine.shut_down("worker stops", now);
    machine.on_idle(key(1), now);
    const auto actions = drain();
    EXPECT_THAT(all<SendFinal>(actions), SizeIs(2));
    EXPECT_EQ(machine.generations(), 0u);
    EXPECT_EQ(machine.unfinished_sends(), 0u);
}

}  // namespace
}  // namespace remit::protocol::embedding
