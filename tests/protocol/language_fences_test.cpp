// The receiver's state machine: when blocks and credits are free again, and when they are not.

#include "language_fixture.hpp"

namespace remit::protocol::language {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LanguageFences : public LanguageMachine {
protected:
    /// Time goes on until something is asked for, at most so many deadlines.
    template <class T>
    std::vector<T> wait_for(int deadlines = 500) {
        for (int i = 0; i < deadlines; ++i) {
            now = machine->next_deadline();
            machine->on_time(now);
            EXPECT_GT(machine->next_deadline(), now);
            if (auto found = all<T>(drain()); !found.empty()) return found;
            machine->on_message(Pong{.id = id(0)}, now);  // the peer lives
        }
        return {};
    }
};

TEST_F(LanguageFences, AbortedFreesWhenItsImmediatesAreIn) {
    start(1, 256);
    machine->on_abort(1, "aborted by its user", now);
    auto actions = drain();
    EXPECT_EQ(all<Final>(actions).at(0).status, Status::Failed);
    EXPECT_EQ(only<Abort>(actions).kind, AbortKind::abort);
    EXPECT_EQ(allocator->quarantined_blocks(), 2u);
    aborted(1, 1);  // the peer is drained, its immediate is not here yet
    EXPECT_EQ(allocator->quarantined_blocks(), 2u);
    immediate(1);
    at_rest();
}

TEST_F(LanguageFences, ARankThatFailsBeforeItIsAnsweredAsksFirstSoThatTheOthersLearnOfIt) {
    Request request{.room = kRoom, .embedding = peer(), .expected_tokens = 256, .required_dst_info_num = 2, .sink = true};
    machine->on_receive(1, request, now);
    bring_up();
    drain();
    machine->on_abort(1, "aborted by its user", now);
    std::vector<Tell> tells = all<Tell>(drain());
    ASSERT_THAT(tells, SizeIs(2));
    const Init& init = std::get<Init>(tells[0].message);
    EXPECT_EQ(init.id, id(1));
    EXPECT_EQ(init.required_dst_info_num, 2u);
    EXPECT_THAT(init.blocks, IsEmpty()) << "nothing shall be written for it";
    EXPECT_EQ(init.allocated_tokens, 0u);
    EXPECT_EQ(std::get<Abort>(tells[1].message).id, id(1));
    now = machine->next_deadline();
    machine->on_time(now);
    EXPECT_THAT(told<Init>(drain()), SizeIs(1)) << "as long as the ABORT is repeated";
    aborted(1, 0);
    at_rest();
    // One that the sender has answered is known to it.
    machine->on_receive(2, request, now);
    drain();
    status(2, Status::Bootstrapping, 0);
    machine->on_abort(2, "aborted by its user", now);
    tells = all<Tell>(drain());
    ASSERT_THAT(tells, SizeIs(1));
    EXPECT_TRUE(std::holds_alternative<Abort>(tells[0].message));
    aborted(2, 0);
    at_rest();
}

TEST_F(LanguageFences, AbortedWithoutRoundsFreesAtOnce) {
    start(1, 256);
    machine->on_abort(1, "aborted by its user", now);
    aborted(1, 0);
    at_rest();
}

TEST_F(LanguageFences, AnAbortUnansweredEndsTheGenerationAndOnlyThenFrees) {
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    machine->on_abort(1, "aborted by its user", now);
    drain();
    const auto destroyed = wait_for<DestroyGeneration>();
    ASSERT_THAT(destroyed, SizeIs(1));
    EXPECT_THAT(destroyed[0].reason, HasSubstr("ABORT unanswered"));
    EXPECT_EQ(allocator->quarantined_blocks(), 2u);  // timing out is no reason to reuse memory
    machine->on_destroyed(destroyed[0].key, now);
    const auto close = only<Close>(drain());
    EXPECT_EQ(close.id, id(0));
    at_rest();
}

TEST_F(LanguageFences, WhileOthersRunNewRoomsUseAFreshGeneration) {
    start(1, 256);
    receive(2, 256, true, 8);
    status(1, Status::WaitingForInput, 200);
    status(2, Status::WaitingForInput, 200, "", 8);
    machine->on_abort(1, "aborted by its user", now);
    drain();
    now += config().timing.abort_deadline;
    machine->on_message(Pong{.id = id(0)}, now);
    machine->on_time(now);
    EXPECT_THAT(all<DestroyGeneration>(drain()), IsEmpty());
    receive(3, 128, true, 9);
    bring_up(2);
    EXPECT_EQ(only<Init>(drain()).id.generation, 2u);
    arrive(2, 0, 200);  // the last room of the old one ends
    machine->on_sink(2, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_EQ(all<DestroyGeneration>(drain()).at(0).key.generation, 1u);
}

TEST_F(LanguageFences, UndrainedIsNoFence) {
    start(1, 256);
    machine->on_abort(1, "aborted by its user", now);
    drain();
    aborted(1, 1, false);
    const auto destroyed = all<DestroyGeneration>(drain());
    ASSERT_THAT(destroyed, SizeIs(1));
    EXPECT_EQ(allocator->quarantined_blocks(), 2u);
    machine->on_destroyed(destroyed[0].key, now);
    at_rest();
}

TEST_F(LanguageFences, AnAttemptLeftOfTheWindowFreesAfterADryPollAndGoesOn) {
    start(1, 256);
    aborted(1, std::nullopt);
    EXPECT_THAT(all<PollDry>(drain()), SizeIs(1));
    EXPECT_EQ(allocator->free_blocks(), 14u);
    machine->on_dry({session, 1}, now);
    const Init init = only<Init>(drain());
    EXPECT_EQ(init.id.attempt, 2u);
    EXPECT_EQ(allocator->free_blocks(), 16u);  // it asks for the announcement first
    EXPECT_EQ(init.allocated_tokens, 0u);
}

TEST_F(LanguageFences, AnAttemptWhoseDataIsHereDoesNotBeginAnewThoughThePeerHasForgottenIt) {
    start(1, 256);
    immediate(1);  // all of it is here, and not visible yet: the length is not known
    drain();
    aborted(1, std::nullopt);
    EXPECT_THAT(all<PollDry>(drain()), IsEmpty());
    visible(1, 0, 200);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_EQ(all<Final>(drain()).at(0).status, Status::Success);
    at_rest();
}

TEST_F(LanguageFences, FailedIsTheSendersWordAndTheFenceComesAfter) {
    start(1, 256);
    status(1, Status::Failed, 0, "image is broken");
    auto actions = drain();
    EXPECT_THAT(all<Final>(actions).at(0).reason, HasSubstr("image is broken"));
    EXPECT_EQ(only<Abort>(actions).kind, AbortKind::abort);
    EXPECT_EQ(allocator->free_blocks(), 14u);
    aborted(1, 0);
    at_rest();
}

TEST_F(LanguageFences, FailedIsToldAfterRunningCopiesHaveEnded) {
    start(1, 256);
    status(1, Status::WaitingForInput, 600);
    machine->on_sink(1, std::nullopt, now);
    arrive(1, 0, 600);
    const auto copies = all<CopyOut>(drain());
    ASSERT_THAT(copies, SizeIs(1));
    machine->on_abort(1, "aborted by its user", now);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
    machine->on_copied(copies[0], now);
    EXPECT_EQ(all<Final>(drain()).at(0).status, Status::Failed);
}

TEST_F(LanguageFences, ASinkThatRefusesFailsItsRoom) {
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    drain();
    machine->on_sink(1, "no memory for tensors", now);
    EXPECT_THAT(all<Final>(drain()).at(0).reason, HasSubstr("no memory for tensors"));
}

TEST_F(LanguageFences, LostDestroysTheQueuePairsBeforeBlocksAreFree) {
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    drain();
    machine->on_message(Registered{session, 1, kIncarnation, Registered::Lost{"restarted"}}, now);
    const auto destroyed = all<DestroyGeneration>(drain());
    ASSERT_THAT(destroyed, SizeIs(1));
    EXPECT_EQ(allocator->free_blocks(), 14u);
    machine->on_destroyed(destroyed[0].key, now);
    const auto actions = drain();
    EXPECT_THAT(all<Final>(actions).at(0).reason, HasSubstr("restarted"));
    EXPECT_THAT(told<Close>(actions), IsEmpty());  // the peer knows
    at_rest();
}

TEST_F(LanguageFences, WhatArrivedBeforeTheEndCounts) {
    start(1, 256);
    immediate(1);
    drain();
    machine->on_message(Registered{session, 1, kIncarnation, Registered::Lost{"restarted"}}, now);
    machine->on_destroyed({session, 1}, now);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
    visible(1, 0, 200);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_EQ(all<Final>(drain()).at(0).status, Status::Success);
    at_rest();
}

TEST_F(LanguageFences, ARoomWhoseInitWasNeverAnsweredOutlivesItsGeneration) {
    start(1, 256);
    machine->on_message(Registered{session, 1, kIncarnation, Registered::Lost{"restarted"}}, now);
    machine->on_destroyed({session, 1}, now);
    bring_up(2, 78);
    const auto actions = drain();
    EXPECT_THAT(all<Final>(actions), IsEmpty());
    const Init init = only<Init>(actions);
    EXPECT_EQ(init.id, (SessionId{session, 2, 2, 78}));
}

TEST_F(LanguageFences, QueuePairsThatCannotBeConnectedFailTheRoomWithTheReasonAndAreNotTriedAgain) {
    start(1, 256);
    receive(2, 256, true, kRoom + 1);
    drain();
    machine->on_connect_failed({session, 1}, "cannot move queue pair 1 to RTR", now);
    auto actions = drain();
    machine->on_destroyed(all<DestroyGeneration>(actions).at(0).key, now);
    for (Action& action : drain()) actions.push_back(std::move(action));
    const auto ends = all<Final>(actions);
    ASSERT_THAT(ends, SizeIs(2));
    for (const Final& end : ends) EXPECT_EQ(end.reason, "cannot move queue pair 1 to RTR");
    EXPECT_THAT(told<Close>(actions), SizeIs(1)) << "its peer has built its side";
    EXPECT_THAT(all<CreateGeneration>(actions), IsEmpty()) << "another would meet the same, again and again";
    at_rest();
    receive(3, 256, true, kRoom + 2);
    EXPECT_THAT(all<CreateGeneration>(drain()), SizeIs(1)) << "the next room may find it mended";
}

TEST_F(LanguageFences, StaleAnswersAreCountedAndChangeNothing) {
    start(1, 256);
    drain();
    StatusReport report{kRoom, Status::Failed, 0, 0, 0, "from a former life", id(1)};
    report.id.incarnation = kIncarnation - 1;
    machine->on_message(report, now);
    machine->on_message(Pong{.id = report.id}, now);
    report.id = id(1, 9);
    machine->on_message(report, now);
    machine->on_message(Registered{session + 50, 1, 1, Registered::Lost{"who"}}, now);
    EXPECT_EQ(machine->counters().stale_answers, 4u);
    EXPECT_THAT(drain(), IsEmpty());
}

TEST_F(LanguageFences, AStatusOfAnotherRoomIsNotBelieved) {
    start(1, 256);
    drain();
    status(1, Status::Failed, 0, "mixed up", kRoom + 1);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
}

TEST_F(LanguageFences, ARefusedRegisterFailsWhoWaitsWithTheReason) {
    receive(1, 256);
    const auto created = all<CreateGeneration>(drain());
    machine->on_created(created.at(0).key, {QueuePairAddress{.number = 1}}, now);
    drain();
    machine->on_message(Registered{created[0].key.session, 1, kIncarnation, Registered::Refused{"hidden differs"}},
                        now);
    auto actions = drain();
    EXPECT_THAT(all<Final>(actions).at(0).reason, HasSubstr("hidden differs"));
    machine->on_destroyed(created[0].key, now);
    at_rest();
}

TEST_F(LanguageFences, ASilentPeerIsGivenUp) {
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    drain();
    std::vector<DestroyGeneration> destroyed;
    for (int i = 0; i < 100 && destroyed.empty(); ++i) {
        now = machine->next_deadline();
        machine->on_time(now);
        destroyed = all<DestroyGeneration>(drain());
    }
    ASSERT_THAT(destroyed, SizeIs(1));
    EXPECT_THAT(destroyed[0].reason, testing::AllOf(HasSubstr("10.0.0.1:7700"), HasSubstr("silent")));
    machine->on_destroyed(destroyed[0].key, now);
    EXPECT_THAT(told<Close>(drain()), SizeIs(1));
}

TEST_F(LanguageFences, CloseIsRepeatedUntilLostOrItsDeadline) {
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    machine->on_generation_failed({session, 1}, "port down", now);
    machine->on_destroyed({session, 1}, now);
    drain();
    now = machine->next_deadline();
    machine->on_time(now);
    EXPECT_THAT(told<Close>(drain()), SizeIs(1));
    machine->on_message(Registered{session, 1, kIncarnation, Registered::Lost{"closed"}}, now);
    EXPECT_THAT(all<ForgetPeer>(drain()), SizeIs(1));
    while (machine->next_deadline() != kNever) {  // the hint of a room that is over
        now = machine->next_deadline();
        machine->on_time(now);
        EXPECT_THAT(drain(), IsEmpty());
    }
}

TEST_F(LanguageFences, EveryWaitHasADeadlineWithAReason) {
    receive(1, 256);
    const auto created = all<CreateGeneration>(drain());
    machine->on_created(created.at(0).key, {QueuePairAddress{.number = 1}}, now);
    const auto finals = wait_for<Final>();
    ASSERT_THAT(finals, SizeIs(1));
    EXPECT_THAT(finals[0].reason, testing::AllOf(HasSubstr("waited 30000 ms"), HasSubstr("REGISTERED")));
}

}  // namespace
}  // namespace remit::protocol::language
