// The receiver's state machine: rounds, from INIT to Success.

#include "language_fixture.hpp"

namespace remit::protocol::language {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LanguageRounds : public LanguageMachine {};

TEST_F(LanguageRounds, TimelineOfAResume) {
    begin(8);
    // T0: 8 blocks, INIT of 1024 tokens.
    const Init init = start(1, 1024);
    EXPECT_EQ(init.blocks, (BlockTable{0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(init.allocated_tokens, 1024u);
    EXPECT_EQ(init.required_dst_info_num, 1u);
    EXPECT_EQ(allocator->free_blocks(), 0u);

    // T2: round 0 is complete; the total stands in its aux.
    immediate(1);
    const auto wanted = all<MakeVisible>(drain());
    ASSERT_THAT(wanted, SizeIs(1));
    EXPECT_TRUE(wanted[0].with_aux);
    EXPECT_EQ(wanted[0].aux_block, init.blocks[0]);
    visible(1, 0, 2000);
    auto actions = drain();
    EXPECT_EQ(noted(actions), Status::Transferring);
    EXPECT_EQ(all<AskSink>(actions).at(0).total_tokens, 2000u);
    EXPECT_THAT(told<Resume>(actions), IsEmpty());  // nothing is free

    // T3: round 0 moves out; its blocks are free, and taken for the rest.
    machine->on_sink(1, std::nullopt, now);
    const auto copies = all<CopyOut>(drain());
    ASSERT_THAT(copies, SizeIs(1));
    EXPECT_EQ(copies[0].range, (plan::TokenRange{0, 1024}));
    machine->on_copied(copies[0], now);

    // T4: RESUME.
    const Resume resume = only<Resume>(drain());
    EXPECT_EQ(resume.sent_tokens, 1024u);
    EXPECT_EQ(resume.allocated_tokens, 976u);
    EXPECT_THAT(resume.blocks, SizeIs(8));

    // T6 … T8.
    immediate(1);
    const auto second = all<MakeVisible>(drain());
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_FALSE(second[0].with_aux);  // never from a later round
    visible(1, 1, 0);
    const auto last = all<CopyOut>(drain());
    EXPECT_EQ(last.at(0).range, (plan::TokenRange{1024, 976}));
    machine->on_copied(last.at(0), now);
    const auto finals = all<Final>(drain());
    ASSERT_THAT(finals, SizeIs(1));
    EXPECT_EQ(finals[0].status, Status::Success);
    EXPECT_EQ(finals[0].total_tokens, 2000u);
    EXPECT_EQ(finals[0].aux[0], 2000);
    at_rest();
}

TEST_F(LanguageRounds, InitGoesOutOnlyAfterRegistered) {
    receive(1, 1024);
    EXPECT_THAT(told<Init>(machine->actions()), IsEmpty());
    bring_up();
    EXPECT_THAT(told<Init>(drain()), SizeIs(1));
}

TEST_F(LanguageRounds, WhatFitsIsNeverTransferring) {
    start(1, 1024, false);
    status(1, Status::WaitingForInput, 1000);
    EXPECT_EQ(noted(drain()), Status::WaitingForInput);
    arrive(1, 0, 1000);
    const auto actions = drain();
    for (const Note& note : all<Note>(actions)) EXPECT_NE(note.status, Status::Transferring);
    const auto final = all<Final>(actions).at(0);
    EXPECT_EQ(final.status, Status::Success);
    EXPECT_THAT(final.table, SizeIs(8));
    machine->on_release(1, now);
    at_rest();
}

TEST_F(LanguageRounds, AGuessTooLargeGivesWhatIsLeftBackAtOnce) {
    start(1, 1024, false);
    arrive(1, 0, 130);
    EXPECT_THAT(all<Final>(drain()).at(0).table, SizeIs(2));
    EXPECT_EQ(allocator->free_blocks(), 14u);
}

TEST_F(LanguageRounds, SizeFirst) {
    const Init init = start(1, 0);
    EXPECT_THAT(init.blocks, IsEmpty());
    EXPECT_EQ(init.allocated_tokens, 0u);
    status(1, Status::WaitingForInput, 300);
    const Resume resume = only<Resume>(drain());
    EXPECT_EQ(resume.sent_tokens, 0u);
    EXPECT_EQ(resume.allocated_tokens, 300u);
    EXPECT_THAT(resume.blocks, SizeIs(3));
}

TEST_F(LanguageRounds, OverlappedResumeStartsFromTheAnnouncement) {
    Config c = config();
    c.overlap = true;
    begin(16, c);
    start(1, 1024);
    status(1, Status::WaitingForInput, 2000);
    const Resume resume = only<Resume>(drain());
    EXPECT_EQ(resume.sent_tokens, 1024u);
    EXPECT_EQ(resume.allocated_tokens, 976u);
    EXPECT_EQ(machine->free_credits(), 2u);
    immediate(1);
    immediate(1);
    EXPECT_THAT(all<MakeVisible>(drain()), SizeIs(2));
}

TEST_F(LanguageRounds, KeptBlocksMakeADenseTable) {
    Config c = config();
    c.overlap = true;
    begin(16, c);
    const Init init = start(1, 200, false);
    EXPECT_EQ(init.allocated_tokens, 256u);  // whole blocks
    status(1, Status::WaitingForInput, 300);
    const Resume resume = only<Resume>(drain());
    EXPECT_EQ(resume.allocated_tokens, 44u);
    arrive(1, 0, 300);
    arrive(1, 1, 0);
    EXPECT_EQ(all<Final>(drain()).at(0).table, (BlockTable{init.blocks[0], init.blocks[1], resume.blocks[0]}));
}

TEST_F(LanguageRounds, APoolOfOneBlockReceivesManyRounds) {
    begin(1);
    const Init init = start(1, 1024);
    EXPECT_EQ(init.allocated_tokens, 128u);
    status(1, Status::WaitingForInput, 1000);
    machine->on_sink(1, std::nullopt, now);
    drain();
    for (std::uint32_t round = 0; round < 8; ++round) {
        arrive(1, round, 1000);
        const auto copies = all<CopyOut>(drain());
        ASSERT_THAT(copies, SizeIs(1)) << round;
        machine->on_copied(copies[0], now);
    }
    EXPECT_EQ(all<Final>(drain()).at(0).status, Status::Success);
    at_rest();
}

TEST_F(LanguageRounds, LargerThanThePoolWithoutASinkIsRefusedAtOnce) {
    begin(2);
    start(1, 256, false);
    status(1, Status::WaitingForInput, 300);
    const auto actions = drain();
    const auto final = all<Final>(actions).at(0);
    EXPECT_EQ(final.status, Status::Failed);
    EXPECT_THAT(final.reason, testing::AllOf(HasSubstr("300"), HasSubstr("3 blocks"), HasSubstr("has 2")));
    EXPECT_EQ(only<Abort>(actions).kind, AbortKind::abort);
}

TEST_F(LanguageRounds, InitIsRepeatedWithBackoffUntilAnsweredAndThenUntilItsRoundIsHere) {
    start(1, 256);
    std::vector<Time> repeats;
    for (int i = 0; i < 40 && repeats.size() < 4; ++i) {
        now = machine->next_deadline();
        machine->on_time(now);
        ASSERT_GT(machine->next_deadline(), now);
        if (!told<Init>(drain()).empty()) repeats.push_back(now);
    }
    ASSERT_THAT(repeats, SizeIs(4));
    EXPECT_GT(repeats[2] - repeats[1], repeats[1] - repeats[0]);
    arrive(1, 0, 200);
    machine->on_sink(1, std::nullopt, now);
    drain();
    now += std::chrono::seconds(2);
    machine->on_time(now);
    EXPECT_THAT(told<Init>(drain()), IsEmpty());
}

TEST_F(LanguageRounds, MoreImmediatesThanCreditsCostThePeerItsSession) {
    start(1, 256);
    immediate(1);
    drain();
    immediate(1);
    const auto destroyed = all<DestroyGeneration>(drain());
    ASSERT_THAT(destroyed, SizeIs(1));
    EXPECT_THAT(destroyed[0].reason, HasSubstr("more immediates"));
}

TEST_F(LanguageRounds, ImmediatesOfUnknownAttemptsAreCountedAndDropped) {
    start(1, 256);
    drain();
    immediate(99);
    EXPECT_EQ(machine->counters().unknown_immediates, 1u);
    EXPECT_THAT(drain(), IsEmpty());
}

TEST_F(LanguageRounds, ATotalThatChangesFailsTheRoomWithBothValues) {
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    drain();
    arrive(1, 0, 201);
    const auto final = all<Final>(drain()).at(0);
    EXPECT_EQ(final.status, Status::Failed);
    EXPECT_THAT(final.reason, testing::AllOf(HasSubstr("200"), HasSubstr("201")));
}

TEST_F(LanguageRounds, OnceAllIsHereNothingFromThePeerFailsTheRoom) {
    start(1, 256);
    arrive(1, 0, 200);
    drain();
    status(1, Status::WaitingForInput, 999);
    status(1, Status::Failed, 0, "too late");
    EXPECT_EQ(machine->counters().total_disagreements, 1u);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_EQ(all<Final>(drain()).at(0).status, Status::Success);
    status(1, Status::Failed, 0, "much too late");  // final is final
    aborted(1, 1);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
    at_rest();
}

TEST_F(LanguageRounds, AuxWithoutALengthFailsTheRoom) {
    start(1, 256);
    arrive(1, 0, 0);
    EXPECT_THAT(all<Final>(drain()).at(0).reason, HasSubstr("aux[0]"));
}

/// An immediate has the low half of an attempt's number: the latest attempt of a session that ends so is meant.
TEST(Immediates, NameTheLatestAttemptThatEndsSo) {
    Session session{std::pmr::polymorphic_allocator<>()};
    session.top_attempt = 7;
    for (const std::uint64_t attempt : {1u, 6u, 7u}) EXPECT_EQ(session.attempt_of(immediate_of(attempt)), attempt);
    session.attempts[7];
    EXPECT_EQ(session.attempts.count(session.attempt_of(8)), 0u) << "none was begun that ends so";
    constexpr std::uint64_t kTurn = std::uint64_t{1} << 32;
    session.top_attempt = 3 * kTurn + 5;
    for (const std::uint64_t attempt : {3 * kTurn + 5, 3 * kTurn, 3 * kTurn - 1, 2 * kTurn + 6}) {
        EXPECT_EQ(session.attempt_of(immediate_of(attempt)), attempt);
    }
}

}  // namespace
}  // namespace remit::protocol::language
