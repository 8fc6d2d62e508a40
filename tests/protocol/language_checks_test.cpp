// Checksums, deadlines of single waits, and what the receiver is told of its request.

#include "language_fixture.hpp"

#include <algorithm>

namespace remit::protocol::language {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LanguageChecks : public LanguageMachine {
protected:
    static Config with_checksum() {
        Config c = config();
        c.checksum = true;
        return c;
    }
    /// One round of 200 tokens has arrived, was copied out and reckoned as `here`.
    Init arrived(const plan::Checksums& here) {
        begin(16, with_checksum());
        const Init init = start(1, 256);
        arrive(1, 0, 200);
        machine->on_sink(1, std::nullopt, now);
        machine->on_copied(all<CopyOut>(drain()).at(0), now);
        const auto asked = all<Checksum>(drain());
        EXPECT_THAT(asked, SizeIs(1));
        EXPECT_EQ(asked.at(0).range, (plan::TokenRange{0, 200}));
        EXPECT_EQ(asked.at(0).aux[0], 200);
        machine->on_checksum(asked.at(0), here, now);
        return init;
    }
    void final_status(const plan::Checksums& there, std::uint64_t rounds = 1) {
        plan::Checksums chain;
        plan::fold(chain, there);
        machine->on_message(StatusReport{.room = kRoom,
                                         .status = Status::Success,
                                         .rounds = rounds,
                                         .sent_tokens = 200,
                                         .total_tokens = 200,
                                         .reason = "",
                                         .id = id(1),
                                         .answer = SenderAnswer::coming,
                                         .checksums = chain},
                            now);
    }
};

TEST_F(LanguageChecks, SuccessWaitsForTheFinalStatusAndItsChecksums) {
    const plan::Checksums sums{1, 2, 3, 4};
    arrived(sums);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
    final_status(sums);
    const auto ends = all<Final>(drain());
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].status, Status::Success);
    at_rest();
}

TEST_F(LanguageChecks, ADifferenceFailsTheRoomAndNamesTheSegment) {
    arrived({1, 2, 3, 4});
    drain();
    final_status({1, 2, 9, 4});
    const auto actions = drain();
    const auto ends = all<Final>(actions);
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].status, Status::Failed);
    EXPECT_THAT(ends[0].reason, HasSubstr("checksum of mrope_positions differs"));
    EXPECT_THAT(ends[0].reason, HasSubstr("10.0.0.1:7700"));
    EXPECT_THAT(only<Abort>(actions).reason, HasSubstr("checksum of mrope_positions"));
}

TEST_F(LanguageChecks, TheStatusMayComeBeforeTheLastImmediate) {
    begin(16, with_checksum());
    start(1, 256);
    final_status({5, 6, 7, 8});
    arrive(1, 0, 200);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    machine->on_checksum(all<Checksum>(drain()).at(0), {5, 6, 7, 8}, now);
    EXPECT_EQ(all<Final>(drain()).at(0).status, Status::Success);
}

TEST_F(LanguageChecks, TheLastMessageIsRepeatedUntilTheFinalStatus) {
    const Init init = arrived({1, 2, 3, 4});
    drain();
    for (int i = 0; i < 3; ++i) {
        now += config().timing.repeat_most;
        machine->on_time(now);
        EXPECT_EQ(only<Init>(drain()).blocks, init.blocks);
    }
    final_status({1, 2, 3, 4});
    drain();
    now += config().timing.repeat_most;
    machine->on_time(now);
    EXPECT_THAT(told<Init>(drain()), IsEmpty());
}

// A status of the rounds so far is compared as soon as both ends have them.
TEST_F(LanguageChecks, ADifferenceInAnEarlyRoundIsFoundBeforeTheLast) {
    begin(2, with_checksum());
    start(1, 256);
    arrive(1, 0, 500);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    machine->on_checksum(all<Checksum>(drain()).at(0), {1, 1, 1, 1}, now);
    plan::Checksums chain;
    plan::fold(chain, {1, 2, 1, 1});
    machine->on_message(StatusReport{.room = kRoom,
                                     .status = Status::Transferring,
                                     .rounds = 1,
                                     .sent_tokens = 256,
                                     .total_tokens = 500,
                                     .reason = "",
                                     .id = id(1),
                                     .answer = SenderAnswer::coming,
                                     .checksums = chain},
                        now);
    EXPECT_THAT(all<Final>(drain()).at(0).reason, HasSubstr("checksum of fill_ids differs in the first 1 rounds"));
}

TEST_F(LanguageChecks, WithoutItNothingIsAskedForAndNothingIsWaitedFor) {
    start(1, 256);
    arrive(1, 0, 200);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    const auto actions = drain();
    EXPECT_THAT(all<Checksum>(actions), IsEmpty());
    EXPECT_EQ(all<Final>(actions).at(0).status, Status::Success);
}

TEST_F(LanguageChecks, AnEmbeddingWorkerWithoutThemIsRefusedInWords) {
    begin(16, with_checksum());
    capabilities = {"fence", "yield"};
    receive(1, 256);
    bring_up();
    const auto ends = all<Final>(drain());
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_THAT(ends[0].reason, HasSubstr("lacks the capability \"crc32c\""));
}

TEST_F(LanguageChecks, AnEmbeddingWorkerWithoutTheFenceIsRefusedAndTold) {
    capabilities = {"yield"};
    receive(1, 256);
    bring_up();
    auto actions = drain();
    EXPECT_THAT(all<Final>(actions).at(0).reason, HasSubstr("lacks the capability \"fence\""));
    const auto gone = all<DestroyGeneration>(actions);
    ASSERT_THAT(gone, SizeIs(1));
    machine->on_destroyed(gone[0].key, now);
    EXPECT_THAT(only<Close>(drain()).reason, HasSubstr("fence"));
}

TEST_F(LanguageChecks, AReasonIsToldOnlyToWhomItSaysSomething) {
    capabilities = {"fence", "yield"};
    start(1, 256);
    machine->on_abort(1, "no longer wanted", now);
    EXPECT_EQ(only<Abort>(drain()).reason, "");
}

// -------------------------------------------------------------------------------------- answers

TEST_F(LanguageChecks, NotReadyNeverAndUnknownAreDifferentAnswers) {
    start(1, 256);
    const auto answer = [&](SenderAnswer kind, Status status) {
        machine->on_message(StatusReport{.room = kRoom, .status = status, .reason = "why", .id = id(1), .answer = kind},
                            now);
        const auto told = all<Answered>(drain());
        return told.empty() ? SenderAnswer::none : told.back().answer;
    };
    EXPECT_EQ(answer(SenderAnswer::not_ready, Status::Bootstrapping), SenderAnswer::not_ready);
    EXPECT_EQ(answer(SenderAnswer::not_ready, Status::Bootstrapping), SenderAnswer::none) << "it is no news";
    EXPECT_EQ(answer(SenderAnswer::unknown, Status::Bootstrapping), SenderAnswer::unknown);
    EXPECT_EQ(answer(SenderAnswer::never, Status::Failed), SenderAnswer::never);
}

// -------------------------------------------------------------------------------------- deadlines

TEST_F(LanguageChecks, NoRegisteredEndsWithItsOwnDeadline) {
    Config c = config();
    c.timing.register_deadline = milliseconds(300);
    begin(16, c);
    receive(1, 256);
    machine->on_created(all<CreateGeneration>(drain()).at(0).key, {QueuePairAddress{.number = 1}}, now);
    now += milliseconds(299);
    machine->on_time(now);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
    EXPECT_LE(machine->next_deadline(), now + milliseconds(1));
    now += milliseconds(1);
    machine->on_time(now);
    EXPECT_THAT(all<Final>(drain()).at(0).reason,
                HasSubstr("waited 300 ms for REGISTERED from the embedding worker at 10.0.0.1:7700"));
}

TEST_F(LanguageChecks, NoAnswerToInitEndsWithItsOwnDeadline) {
    Config c = config();
    c.timing.init_deadline = milliseconds(300);
    begin(16, c);
    start(1, 256);
    now += milliseconds(300);
    machine->on_time(now);
    const auto actions = drain();
    EXPECT_THAT(all<Final>(actions).at(0).reason,
                HasSubstr("no answer to INIT from the embedding worker at 10.0.0.1:7700 within 300 ms"));
    EXPECT_THAT(told<Abort>(actions), Not(IsEmpty()));
}

TEST_F(LanguageChecks, AnAnswerOfAnyKindEndsTheWaitForOne) {
    Config c = config();
    c.timing.init_deadline = milliseconds(300);
    begin(16, c);
    start(1, 256);
    status(1, Status::Bootstrapping, 0);
    now += milliseconds(400);
    machine->on_time(now);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
}

TEST_F(LanguageChecks, ARoundOfWhichNothingArrivesEndsWithItsOwnDeadline) {
    Config c = config();
    c.timing.round_deadline = milliseconds(300);
    begin(16, c);
    start(1, 256);
    now += milliseconds(1000);
    machine->on_time(now);  // no length yet: `send` is awaited, not a round
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
    status(1, Status::WaitingForInput, 500);
    now += milliseconds(300);
    machine->on_time(now);
    EXPECT_THAT(
        all<Final>(drain()).at(0).reason,
        HasSubstr(
            "nothing of round 0, tokens [0, 256), arrived for 300 ms from the embedding worker at 10.0.0.1:7700"));
}

TEST_F(LanguageChecks, AWaitForMemoryEndsWithItsOwnDeadline) {
    Config c = config();
    c.timing.memory_deadline = milliseconds(300);
    begin(1, c);
    start(1, 128);
    status(1, Status::WaitingForInput, 100);
    receive(2, 0, true, 8);
    drain();
    status(2, Status::WaitingForInput, 100, "", 8);
    now += milliseconds(300);
    machine->on_time(now);
    const auto ends = all<Final>(drain());
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_THAT(ends[0].reason, HasSubstr("waited 300 ms for memory: 0 of 1 blocks"));
}

TEST_F(LanguageChecks, ARankThatDoesNotOwnTheDeadlineWaitsForTheBackstop) {
    Config c = config();
    c.timing.init_deadline = c.timing.register_deadline = c.timing.room_deadline = milliseconds(100);
    c.timing.backstop_deadline = milliseconds(4000);
    begin(16, c);
    Request request;
    request.room = kRoom;
    request.embedding = peer();
    request.expected_tokens = 256;
    request.sink = true;
    request.owns_deadline = false;
    machine->on_receive(1, request, now);
    bring_up();
    now += milliseconds(900);
    machine->on_time(now);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
    now += milliseconds(3100);
    machine->on_time(now);
    EXPECT_THAT(all<Final>(drain()).at(0).reason, HasSubstr("deadline of 4000 ms"));
}

// -------------------------------------------------------------------------------------- memory

TEST_F(LanguageChecks, PolicyFailFailsWhereWhatItNeedsIsNotFree) {
    Config c = config();
    c.memory_policy = MemoryPolicy::fail;
    begin(2, c);
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    receive(2, 0, true, 8);
    drain();
    status(2, Status::WaitingForInput, 100, "", 8);
    const auto ends = all<Final>(drain());
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].handle, 2u);
    EXPECT_THAT(ends[0].reason, HasSubstr("no memory: 100 tokens to come need 1 blocks, 0 of 2 are free"));
}

// Moving out what has arrived comes first: a request larger than the pool needs no more than the pool.
TEST_F(LanguageChecks, PolicyFailTakesALargeRequestThroughASmallPool) {
    Config c = config();
    c.memory_policy = MemoryPolicy::fail;
    begin(2, c);
    start(1, 256);
    status(1, Status::WaitingForInput, 600);
    arrive(1, 0, 600);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    const auto actions = drain();
    EXPECT_THAT(all<Final>(actions), IsEmpty());
    EXPECT_EQ(only<Resume>(actions).allocated_tokens, 256u);
}

TEST_F(LanguageChecks, UnderWaitALargeRoomIsNotStarvedBySmallerLaterOnes) {
    Config c = config();
    c.memory_policy = MemoryPolicy::wait;
    c.credits = 16;
    begin(4, c);
    start(1, 384);  // three of four blocks
    status(1, Status::WaitingForInput, 300);
    receive(2, 0, true, 8);
    receive(3, 0, true, 9);
    drain();
    status(2, Status::WaitingForInput, 512, "", 8);  // needs all four
    status(3, Status::WaitingForInput, 100, "", 9);  // would fit at once
    EXPECT_THAT(told<Resume>(drain()), IsEmpty()) << "a later room is served before one that waits";
    machine->on_sink(1, std::nullopt, now);
    arrive(1, 0, 300);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    const auto resumes = told<Resume>(drain());
    ASSERT_THAT(resumes, SizeIs(1));
    EXPECT_EQ(resumes[0].room, 8u);
    EXPECT_THAT(resumes[0].blocks, SizeIs(4));
}

}  // namespace
}  // namespace remit::protocol::language
