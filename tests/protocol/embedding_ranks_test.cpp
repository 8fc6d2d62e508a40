// Several language workers of one room, checksums, and the kinds of answers.

#include "embedding_fixture.hpp"

namespace remit::protocol::embedding {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class EmbeddingRanks : public EmbeddingMachine {
protected:
    static constexpr std::uint64_t kOther = 6;
    static constexpr std::uint64_t kThird = 7;

    void begin(OnDeadRank setting) {
        Config c = config();
        c.on_dead_rank = setting;
        make_anew(c);
        for (const std::uint64_t session : {kSession, kOther, kThird})
            register_with({"fence", "yield", "answers", "reasons"}, session);
    }
    /// What it is answered.
    Registered register_with(const Capabilities& capabilities, std::uint64_t session = kSession) {
        Register m = register_message(session);
        m.capabilities = capabilities;
        machine.on_message(m, now);
        machine.on_built({session, 1}, {QueuePairAddress{.number = 2}}, now);
        return only<Registered>(drain());
    }
    /// Two ranks have asked and are under way.
    void two_under_way(std::uint32_t required = 2) {
        machine.on_send(kSend, kRoom, 200, now);
        init(1, blocks(0, 2), 256, kRoom, kSession, required);
        init(1, blocks(0, 2), 256, kRoom, kOther, required);
        drain();
    }
};

TEST_F(EmbeddingRanks, AFailureReachesTheOthersAtOnce) {
    begin(OnDeadRank::fail);
    two_under_way();
    machine.on_generation_failed({kSession, 1}, "transport retry counter exceeded", now);
    const auto reports = told<StatusReport>(drain());
    ASSERT_THAT(reports, SizeIs(1));
    EXPECT_EQ(reports[0].id.session, kOther);
    EXPECT_EQ(reports[0].status, Status::Failed);
    EXPECT_THAT(reports[0].reason, HasSubstr("one of the room's 2 language workers failed, at 10.0.0.2:1005"));
    EXPECT_THAT(reports[0].reason, HasSubstr("transport retry counter exceeded"));
}

TEST_F(EmbeddingRanks, TheReasonOfTheOneThatDecidesIsToldToTheOthers) {
    begin(OnDeadRank::fail);
    two_under_way();
    Abort m;
    m.room = kRoom;
    m.id = id(1);
    m.reason = "deadline of 3000 ms";
    machine.on_message(m, now);
    const auto reports = told<StatusReport>(drain());
    ASSERT_THAT(reports, SizeIs(1));
    EXPECT_EQ(reports[0].id.session, kOther);
    EXPECT_THAT(reports[0].reason, HasSubstr("deadline of 3000 ms"));
}

TEST_F(EmbeddingRanks, ARankThatAsksOnlyToAbortTakesTheOthersWithItAtOnce) {
    begin(OnDeadRank::fail);
    machine.on_send(kSend, kRoom, 200, now);
    init(1, blocks(0, 2), 256, kRoom, kSession, 2);
    drain();
    init(1, {}, 0, kRoom, kOther, 2);
    Abort m;
    m.room = kRoom;
    m.id = id(1, kOther);
    m.reason = "aborted by its user";
    machine.on_message(m, now);
    init(1, blocks(4, 2), 256, kRoom, kOther, 2);  // what it had asked for at first comes late
    const auto actions = drain();
    EXPECT_THAT(all<StartRound>(actions), IsEmpty());
    EXPECT_EQ(told<Aborted>(actions).at(0).rounds, 0u);
    const auto reports = told<StatusReport>(actions);
    ASSERT_THAT(reports, Contains(Field(&StatusReport::id, id(1))));
    for (const StatusReport& report : reports) {
        if (report.id.session != kSession) continue;
        EXPECT_THAT(report.reason, HasSubstr("aborted by its user"));
    }
}

TEST_F(EmbeddingRanks, ARankThatAsksLateLearnsOfItAtOnceAndOnce) {
    begin(OnDeadRank::fail);
    two_under_way(3);
    machine.on_generation_failed({kSession, 1}, "dead", now);
    machine.on_idle(key(1), now);
    machine.on_idle(key(1, kOther), now);
    drain();
    init(1, blocks(0, 2), 256, kRoom, kThird, 3);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Failed);
    init(2, blocks(0, 2), 256, kRoom, kThird, 3);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Bootstrapping) << "it asks for the next send";
}

TEST_F(EmbeddingRanks, ANewSendMakesTheRoomNew) {
    begin(OnDeadRank::fail);
    two_under_way(3);
    machine.on_generation_failed({kSession, 1}, "dead", now);
    machine.on_idle(key(1), now);
    machine.on_idle(key(1, kOther), now);
    machine.on_send(2, kRoom, 200, now);
    drain();
    init(1, blocks(0, 2), 256, kRoom, kThird, 1);
    EXPECT_EQ(told<StatusReport>(drain()).at(0).status, Status::WaitingForInput);
}

TEST_F(EmbeddingRanks, WhereOthersGoOnADeadRankCostsThemNothing) {
    begin(OnDeadRank::go_on);
    two_under_way();
    machine.on_posted(key(1));
    machine.on_generation_failed({kSession, 1}, "dead", now);
    auto actions = drain();
    EXPECT_THAT(told<StatusReport>(actions), IsEmpty());
    EXPECT_THAT(all<SendFinal>(actions), IsEmpty());
    write(1, 0, kOther);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Success);
    machine.on_idle(key(1, kOther), now);
    EXPECT_THAT(all<SendFinal>(drain()), IsEmpty()) << "the dead rank's work still reads the source";
    machine.on_idle(key(1), now);
    const auto ends = all<SendFinal>(drain());
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].status, Status::Success);
    EXPECT_EQ(ends[0].failed_ranks, 1u);
    EXPECT_EQ(ends[0].reason, "");
}

TEST_F(EmbeddingRanks, WhereAllFailTheSendFailsWithTheFirstReason) {
    begin(OnDeadRank::go_on);
    two_under_way();
    machine.on_generation_failed({kSession, 1}, "first", now);
    machine.on_generation_failed({kOther, 1}, "second", now);
    machine.on_idle(key(1), now);
    machine.on_idle(key(1, kOther), now);
    const auto ends = all<SendFinal>(drain());
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].status, Status::Failed);
    EXPECT_THAT(ends[0].reason, HasSubstr("first"));
    EXPECT_EQ(ends[0].failed_ranks, 2u);
}

TEST_F(EmbeddingRanks, ARankThatNeverComesIsDeadAfterTheDeadline) {
    begin(OnDeadRank::go_on);
    two_under_way(3);
    for (const std::uint64_t session : {kSession, kOther}) {
        write(1, 0, session);
        machine.on_idle(key(1, session), now);
    }
    EXPECT_THAT(all<SendFinal>(drain()), IsEmpty());
    for (Time end = now + config().timing.park_deadline; now < end; now += milliseconds(500)) machine.on_time(now);
    machine.on_time(now);
    const auto ends = all<SendFinal>(drain());
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].status, Status::Success);
    EXPECT_EQ(ends[0].failed_ranks, 1u);
}

TEST_F(EmbeddingRanks, WhereOthersGoOnOneThatAsksAgainDoesNotHideTheEndFromALateOne) {
    begin(OnDeadRank::go_on);
    two_under_way(3);
    machine.on_generation_failed({kSession, 1}, "dead", now);
    machine.on_idle(key(1), now);
    write(1, 0, kOther);
    machine.on_idle(key(1, kOther), now);
    for (Time end = now + config().timing.park_deadline; now < end; now += milliseconds(500)) {
        for (const std::uint64_t session : {kOther, kThird}) machine.on_message(Pong{.id = id(0, session)}, now);
        machine.on_time(now);
    }
    machine.on_time(now);
    EXPECT_THAT(all<SendFinal>(drain()), SizeIs(1));
    init(2, blocks(0, 2), 256, kRoom, kOther, 3);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Bootstrapping) << "it asks for the next send";
    init(1, blocks(0, 2), 256, kRoom, kThird, 3);
    const StatusReport late = only<StatusReport>(drain());
    EXPECT_EQ(late.status, Status::Failed);
    EXPECT_THAT(late.reason, HasSubstr("2 of 3 language workers asked"));
    init(2, blocks(0, 2), 256, kRoom, kThird, 3);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Bootstrapping) << "told once";
}

TEST_F(EmbeddingRanks, WhereAllGiveTheirPlacesBackTheMissingOnesAreAwaitedAgain) {
    Config c = config();
    c.on_dead_rank = OnDeadRank::go_on;
    c.timing.park_deadline = milliseconds(1000);
    make_anew(c);
    register_with({"fence", "yield"});
    machine.on_send(kSend, kRoom, 200, now);
    init(1, blocks(0, 2), 256, kRoom, kSession, 2);
    now += c.timing.park_deadline;
    machine.on_time(now);  // the other rank is missing
    abort(1, AbortKind::yield);
    machine.on_idle(key(1), now);
    EXPECT_THAT(all<SendFinal>(drain()), IsEmpty());
    // Whoever is first now says how many there are.
    init(2, blocks(0, 2), 256, kRoom, kSession, 1);
    EXPECT_EQ(told<StatusReport>(drain()).at(0).status, Status::WaitingForInput);
    write(2, 0);
    machine.on_idle(key(2), now);
    const auto ends = all<SendFinal>(drain());
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].status, Status::Success);
    EXPECT_EQ(ends[0].failed_ranks, 0u);
}

TEST_F(EmbeddingRanks, RoundsOfOneSendForSeveralAreMarkedSo) {
    begin(OnDeadRank::fail);
    machine.on_send(kSend, kRoom, 200, now);
    init(1, blocks(0, 2), 256, kRoom, kSession, 2);
    EXPECT_TRUE(all<StartRound>(drain()).at(0).shared);
    machine.on_send(2, kRoom + 1, 200, now);
    init(2, blocks(0, 2), 256, kRoom + 1);
    EXPECT_FALSE(all<StartRound>(drain()).at(0).shared);
}

// -------------------------------------------------------------------------------------- answers

TEST_F(EmbeddingRanks, EachKindOfAnswerIsToldToThoseThatKnowIt) {
    begin(OnDeadRank::fail);
    init(1, {}, 0);
    EXPECT_EQ(only<StatusReport>(drain()).answer, SenderAnswer::not_ready);
    machine.on_reject(kRoom, "the encoder failed", now);
    EXPECT_EQ(only<StatusReport>(drain()).answer, SenderAnswer::never);
    machine.on_send(kSend, kRoom + 1, 200, now);
    init(2, blocks(0, 2), 256, kRoom + 1);
    EXPECT_EQ(only<StatusReport>(drain()).answer, SenderAnswer::coming);
    resume(3, blocks(0, 2), 256, 200, kRoom + 2);
    const StatusReport unknown = only<StatusReport>(drain());
    EXPECT_EQ(unknown.answer, SenderAnswer::unknown);
    EXPECT_EQ(unknown.status, Status::Failed);
    register_with({"fence"}, 9);
    init(1, {}, 0, kRoom + 3, 9);
    EXPECT_EQ(only<StatusReport>(drain()).answer, SenderAnswer::none);
}

TEST_F(EmbeddingRanks, AWorkerThatBeginsNothingSaysSo) {
    begin(OnDeadRank::fail);
    machine.on_send(kSend, kRoom, 200, now);
    init(1, {}, 0, kRoom + 1);
    drain();
    machine.begin_nothing("stopping", now);
    EXPECT_EQ(only<StatusReport>(drain()).answer, SenderAnswer::never);
    init(2, {}, 0, kRoom + 2);
    EXPECT_EQ(only<StatusReport>(drain()).answer, SenderAnswer::never);
    init(3, blocks(0, 2), 256);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::WaitingForInput) << "what was promised is sent";
}

// -------------------------------------------------------------------------------------- checksums

TEST_F(EmbeddingRanks, ChecksumsAreAskedForWhereAgreedAndToldFolded) {
    register_with({"fence", "crc32c"}, 9);
    machine.on_send(kSend, kRoom, 300, now);
    init(1, blocks(0, 1), 128, kRoom, 9);
    drain();
    const auto wanted = machine.checksum_wanted(key(1, 9), 0);
    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->send, kSend);
    EXPECT_EQ(wanted->range, (plan::TokenRange{0, 128}));
    machine.on_round_written(key(1, 9), 0, now, {1, 2, 3, 4});
    plan::Checksums chain;
    plan::fold(chain, {1, 2, 3, 4});
    EXPECT_EQ(only<StatusReport>(drain()).checksums, chain);
}

TEST_F(EmbeddingRanks, WithoutAgreementThereAreNone) {
    register_peer();
    machine.on_send(kSend, kRoom, 100, now);
    init(1, blocks(0, 1), 128);
    EXPECT_FALSE(machine.checksum_wanted(key(1), 0));
    drain();
    write(1, 0);
    EXPECT_THAT(only<StatusReport>(drain()).checksums, IsEmpty());
}

TEST_F(EmbeddingRanks, WhereTheyCannotBeReckonedTheyAreNotOfferedNorAskedFor) {
    Config c = config();
    c.checksums = false;
    make_anew(c);
    const Registered answer = register_with({"fence", "crc32c"}, 9);
    EXPECT_THAT(std::get<Registered::Accepted>(answer.answer).capabilities, Not(Contains("crc32c")));
    machine.on_send(kSend, kRoom, 100, now);
    init(1, blocks(0, 1), 128, kRoom, 9);
    EXPECT_FALSE(machine.checksum_wanted(key(1, 9), 0));
}

TEST_F(EmbeddingRanks, AnEndedAttemptStillTellsThem) {
    register_with({"fence", "crc32c"}, 9);
    machine.on_send(kSend, kRoom, 100, now);
    init(1, blocks(0, 1), 128, kRoom, 9);
    machine.on_round_written(key(1, 9), 0, now, {1, 2, 3, 4});
    machine.on_idle(key(1, 9), now);
    const auto first = told<StatusReport>(drain());
    init(1, blocks(0, 1), 128, kRoom, 9);
    const StatusReport again = only<StatusReport>(drain());
    EXPECT_EQ(again.status, Status::Success);
    EXPECT_EQ(again.checksums, first.back().checksums);
    EXPECT_FALSE(again.checksums.empty());
}

// -------------------------------------------------------------------------------------- deadlines

TEST_F(EmbeddingRanks, TheWireAndTheResumeHaveDeadlinesOfTheirOwn) {
    Config c = config();
    c.timing.round_deadline = milliseconds(300);
    c.timing.resume_deadline = milliseconds(700);
    make_anew(c);
    register_peer();
    machine.on_send(kSend, kRoom, 300, now);
    init(1, blocks(0, 1), 128);
    write(1, 0);
    drain();
    now += milliseconds(699);
    machine.on_time(now);
    EXPECT_THAT(told<StatusReport>(drain()), IsEmpty());
    EXPECT_LE(machine.next_deadline(), now + milliseconds(1));
    resume(1, blocks(1, 2), 128, 172);
    drain();
    now += milliseconds(300);
    machine.on_time(now);
    const auto reports = told<StatusReport>(drain());
    ASSERT_THAT(reports, SizeIs(1));
    EXPECT_THAT(reports[0].reason, HasSubstr("nothing of round 1 of room 7 completed for 300 ms"));
    EXPECT_THAT(reports[0].reason, HasSubstr("10.0.0.2:1005"));
}

TEST_F(EmbeddingRanks, AReceiverThatSaysThatItWaitsIsWaitedForUpToTheBackstop) {
    Config c = config();
    c.timing.resume_deadline = milliseconds(400);
    c.timing.backstop_deadline = milliseconds(2000);
    make_anew(c);
    register_peer();
    machine.on_send(kSend, kRoom, 300, now);
    init(1, blocks(0, 1), 128);
    write(1, 0);
    drain();
    const Time begun = now;
    std::vector<StatusReport> failed;
    while (failed.empty() && now < begun + milliseconds(3000)) {
        now += milliseconds(200);
        init(1, blocks(0, 1), 128);  // it has no blocks for the rest yet
        EXPECT_EQ(only<StatusReport>(drain()).status, Status::Transferring);
        machine.on_time(now);
        failed = told<StatusReport>(drain());
    }
    EXPECT_EQ(now, begun + milliseconds(2000));
    ASSERT_THAT(failed, SizeIs(1));
    EXPECT_THAT(failed[0].reason, HasSubstr("no RESUME of room 7 from the language worker at 10.0.0.2:1005 within 2000 ms"));
}

TEST_F(EmbeddingRanks, ARepeatOfTheRoundBeforeSaysSoToo) {
    Config c = config();
    c.timing.resume_deadline = milliseconds(400);
    make_anew(c);
    register_peer();
    machine.on_send(kSend, kRoom, 400, now);
    init(1, blocks(0, 1), 128);
    write(1, 0);
    resume(1, blocks(1, 1), 128, 128);
    write(1, 1);
    drain();
    now += milliseconds(300);
    resume(1, blocks(1, 1), 128, 128);
    now += milliseconds(300);
    machine.on_time(now);
    const auto actions = drain();
    EXPECT_THAT(all<StartRound>(actions), IsEmpty());
    for (const StatusReport& report : told<StatusReport>(actions)) EXPECT_EQ(report.status, Status::Transferring);
    now += milliseconds(100);
    machine.on_time(now);
    EXPECT_EQ(told<StatusReport>(drain()).at(0).status, Status::Failed);
}

TEST_F(EmbeddingRanks, AResumeThatDoesNotComeIsSaidWithWhoOwesIt) {
    Config c = config();
    c.timing.resume_deadline = milliseconds(400);
    make_anew(c);
    register_peer();
    machine.on_send(kSend, kRoom, 300, now);
    init(1, blocks(0, 1), 128);
    write(1, 0);
    drain();
    now += milliseconds(400);
    machine.on_time(now);
    EXPECT_THAT(told<StatusReport>(drain()).at(0).reason,
                HasSubstr("no RESUME of room 7 from the language worker at 10.0.0.2:1005 within 400 ms"));
}

}  // namespace
}  // namespace remit::protocol::embedding
