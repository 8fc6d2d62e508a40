// The sender's state machine: rounds, from the announcement to Success.

#include "embedding_fixture.hpp"

namespace remit::protocol::embedding {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EmbeddingRounds : public EmbeddingMachine {
protected:
    void SetUp() override { register_peer(); }
};

std::vector<Status> statuses(const std::vector<SendStatus>& all) {
    std::vector<Status> found;
    for (const SendStatus& one : all) found.push_back(one.status);
    return found;
}

TEST_F(EmbeddingRounds, TimelineOfAResume) {
    // T1, T2: send() and INIT meet; the total is announced before the first byte.
    machine.on_send(kSend, kRoom, 2000, now);
    init(1, blocks(0, 8), 1024);
    auto actions = drain();
    auto announced = only<StatusReport>(actions);
    EXPECT_EQ(announced.status, Status::WaitingForInput);
    EXPECT_EQ(announced.total_tokens, 2000u);
    auto starts = all<StartRound>(actions);
    ASSERT_THAT(starts, SizeIs(1));
    EXPECT_EQ(starts[0].round, 0u);
    EXPECT_EQ(starts[0].range, (plan::TokenRange{0, 1024}));
    EXPECT_EQ(starts[0].blocks, blocks(0, 8));
    EXPECT_THAT(statuses(all<SendStatus>(actions)), ElementsAre(Status::WaitingForInput));

    // Round 0 is written: Transferring, since more is to come.
    write(1, 0);
    machine.on_idle(key(1), now);
    actions = drain();
    auto transferring = only<StatusReport>(actions);
    EXPECT_EQ(transferring.status, Status::Transferring);
    EXPECT_EQ(transferring.rounds, 1u);
    EXPECT_EQ(transferring.sent_tokens, 1024u);
    EXPECT_THAT(statuses(all<SendStatus>(actions)), ElementsAre(Status::Transferring));

    // T4, T5: RESUME of 976 tokens over 8 blocks.
    resume(1, blocks(8, 8), 1024, 976);
    actions = drain();
    EXPECT_EQ(only<StatusReport>(actions).status, Status::Transferring);
    starts = all<StartRound>(actions);
    ASSERT_THAT(starts, SizeIs(1));
    EXPECT_EQ(starts[0].round, 1u);
    EXPECT_EQ(starts[0].range, (plan::TokenRange{1024, 976}));

    // T6, T7.
    write(1, 1);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Success);
    machine.on_idle(key(1), now);
    actions = drain();
    const auto finals = all<SendFinal>(actions);
    ASSERT_THAT(finals, SizeIs(1));
    EXPECT_EQ(finals[0].status, Status::Success);
    EXPECT_THAT(all<ForgetAttempt>(actions), SizeIs(1));
    EXPECT_EQ(machine.unfinished_sends(), 0u);
}

TEST_F(EmbeddingRounds, WhatFitsIsNeverTransferring) {
    init(1, blocks(0, 8), 1024);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Bootstrapping);
    machine.on_send(kSend, kRoom, 1000, now);
    auto actions = drain();
    EXPECT_EQ(all<StartRound>(actions).at(0).range, (plan::TokenRange{0, 1000}));
    EXPECT_THAT(statuses(all<SendStatus>(actions)), ElementsAre(Status::WaitingForInput));
    write(1, 0);
    actions = drain();
    const auto report = only<StatusReport>(actions);
    EXPECT_EQ(report.status, Status::Success);
    EXPECT_EQ(report.total_tokens, 1000u);
    EXPECT_THAT(all<SendStatus>(actions), IsEmpty());
}

TEST_F(EmbeddingRounds, SizeFirstAnnouncesAndWaits) {
    machine.on_send(kSend, kRoom, 300, now);
    init(1, {}, 0);
    auto actions = drain();
    EXPECT_EQ(only<StatusReport>(actions).total_tokens, 300u);
    EXPECT_THAT(all<StartRound>(actions), IsEmpty());
    resume(1, blocks(4, 3), 0, 300);
    const auto starts = all<StartRound>(drain());
    ASSERT_THAT(starts, SizeIs(1));
    EXPECT_EQ(starts[0].round, 0u);
    EXPECT_EQ(starts[0].range, (plan::TokenRange{0, 300}));
}

TEST_F(EmbeddingRounds, ManyRoundsAreNoLimit) {
    machine.on_send(kSend, kRoom, 10000, now);
    init(1, blocks(0, 1), 128);
    std::uint32_t round = 0;
    for (std::uint64_t sent = 128; sent < 10000; sent += 128) {
        write(1, round++);
        machine.on_idle(key(1), now);
        resume(1, blocks(round % 32, 1), sent, std::min<std::uint64_t>(128, 10000 - sent));
    }
    write(1, round);
    EXPECT_EQ(round, 78u);
    const auto reports = told<StatusReport>(drain());
    EXPECT_EQ(reports.back().status, Status::Success);
    EXPECT_EQ(reports.back().rounds, 79u);
}

TEST_F(EmbeddingRounds, RepeatedInitAndResumeAreAnsweredNotDoneAgain) {
    machine.on_send(kSend, kRoom, 2000, now);
    init(1, blocks(0, 8), 1024);
    resume(1, blocks(8, 8), 1024, 976);
    drain();
    init(1, blocks(0, 8), 1024);
    resume(1, blocks(8, 8), 1024, 976);
    resume(1, blocks(8, 8), 1024, 976);
    const auto actions = drain();
    EXPECT_THAT(all<StartRound>(actions), IsEmpty());
    EXPECT_THAT(told<StatusReport>(actions), SizeIs(3));
}

TEST_F(EmbeddingRounds, ResumeBeyondTheEndIsDropped) {
    machine.on_send(kSend, kRoom, 2000, now);
    init(1, blocks(0, 8), 1024);
    drain();
    resume(1, blocks(9, 1), 1152, 128);  // the RESUME from 1024 was lost and will be repeated
    EXPECT_THAT(drain(), IsEmpty());
}

TEST_F(EmbeddingRounds, ResumeBelowTheEndFailsWithItsValues) {
    machine.on_send(kSend, kRoom, 2000, now);
    init(1, blocks(0, 8), 1024);
    drain();
    resume(1, blocks(8, 8), 512, 976);
    const auto report = only<StatusReport>(drain());
    EXPECT_EQ(report.status, Status::Failed);
    EXPECT_THAT(report.reason, HasSubstr("512"));
    EXPECT_THAT(report.reason, HasSubstr("1024"));
}

TEST_F(EmbeddingRounds, ResumeOfTheSameStartWithOtherBlocksFails) {
    machine.on_send(kSend, kRoom, 3000, now);
    init(1, blocks(0, 8), 1024);
    resume(1, blocks(8, 8), 1024, 1024);
    drain();
    resume(1, blocks(16, 8), 1024, 1024);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Failed);
}

TEST_F(EmbeddingRounds, ResumeOfAnAttemptNeverOpenedFails) {
    resume(3, blocks(8, 8), 0, 1024);
    const auto report = only<StatusReport>(drain());
    EXPECT_EQ(report.status, Status::Failed);
    EXPECT_THAT(report.reason, HasSubstr("never opened"));
}

struct Offer {
    std::uint32_t blocks;
    std::uint64_t tokens;
    bool legal;
};

class AllocatedTokens : public testing::TestWithParam<Offer> {};

TEST_P(AllocatedTokens, AreACapacityOfTheBlocks) {
    BlockTable table;
    for (BlockId block = 0; block < GetParam().blocks; ++block) table.push_back(block);
    BlockTable sorted;
    const std::string fault = offer_fault(table, GetParam().tokens, 128, 32, sorted);
    EXPECT_EQ(fault.empty(), GetParam().legal) << fault;
    if (!GetParam().legal) {
        EXPECT_THAT(fault, HasSubstr(std::to_string(GetParam().tokens)));
    }
}

INSTANTIATE_TEST_SUITE_P(Table, AllocatedTokens,
                         testing::Values(Offer{8, 1024, true}, Offer{8, 976, true}, Offer{8, 897, true},
                                         Offer{8, 896, false}, Offer{8, 1025, false}, Offer{8, 1030, false},
                                         Offer{1, 1, true}, Offer{1, 128, true}, Offer{1, 0, false}, Offer{0, 0, true},
                                         Offer{0, 1, false}));

TEST_F(EmbeddingRounds, ForeignAndDoubleBlocksAreNamed) {
    BlockTable sorted;
    EXPECT_THAT(offer_fault({31, 32}, 256, 128, 32, sorted), HasSubstr("block 32 is outside the pool of 32"));
    EXPECT_THAT(offer_fault({4, 9, 4}, 384, 128, 32, sorted), HasSubstr("block 4 is named twice"));
    machine.on_send(kSend, kRoom, 300, now);
    init(1, {1, 99}, 256);
    auto actions = drain();
    EXPECT_THAT(only<StatusReport>(actions).reason, HasSubstr("block 99"));
    EXPECT_THAT(all<StartRound>(actions), IsEmpty());
    init(2, {}, 0);  // the send is still there for an offer that fits
    resume(2, {3, 3}, 0, 256);
    EXPECT_THAT(told<StatusReport>(drain()).back().reason, HasSubstr("block 3 is named twice"));
}

TEST_F(EmbeddingRounds, EachOfSeveralRanksGetsItsCopy) {
    register_peer(6);
    machine.on_send(kSend, kRoom, 100, now);
    init(1, blocks(0, 1), 128, kRoom, kSession, 2);
    EXPECT_THAT(all<StartRound>(drain()), SizeIs(1));  // each starts on its own INIT
    init(1, blocks(5, 1), 128, kRoom, 6, 2);
    EXPECT_THAT(all<StartRound>(drain()), SizeIs(1));
    write(1, 0);
    machine.on_idle(key(1), now);
    EXPECT_THAT(all<SendFinal>(drain()), IsEmpty());
    write(1, 0, 6);
    machine.on_idle(key(1, 6), now);
    EXPECT_EQ(all<SendFinal>(drain()).at(0).status, Status::Success);
}

TEST_F(EmbeddingRounds, RanksThatDisagreeOnTheirNumberFailTheLaterOne) {
    register_peer(6);
    machine.on_send(kSend, kRoom, 100, now);
    init(1, blocks(0, 1), 128, kRoom, kSession, 2);
    drain();
    init(1, blocks(5, 1), 128, kRoom, 6, 3);
    const auto actions = drain();
    const auto report = only<StatusReport>(actions);
    EXPECT_EQ(report.id.session, 6u);
    EXPECT_EQ(report.status, Status::Failed);
    EXPECT_THAT(report.reason, HasSubstr("is 3"));
    EXPECT_THAT(report.reason, HasSubstr("said 2"));
    EXPECT_THAT(all<SendFinal>(actions), IsEmpty());
}

TEST_F(EmbeddingRounds, ALaterRequestWaitsForTheNextSend) {
    machine.on_send(kSend, kRoom, 100, now);
    init(1, blocks(0, 1), 128);
    write(1, 0);  // the receiver may have all of it; the last completion is in, the idle one is not
    drain();
    init(2, blocks(1, 1), 128);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Bootstrapping);
    machine.on_idle(key(1), now);
    EXPECT_EQ(all<SendFinal>(drain()).at(0).status, Status::Success);
    machine.on_send(2, kRoom, 50, now);
    EXPECT_EQ(all<StartRound>(drain()).at(0).send, 2u);
}

}  // namespace
}  // namespace remit::protocol::embedding
