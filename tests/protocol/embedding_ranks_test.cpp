// Several language workers of one room, checksums, and the kinds of answers that they get.

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
    void abort_saying(const std::string& reason, std::uint64_t session = kSession) {
        Abort m;
        m.room = kRoom;
        m.id = id(1, session);
        m.reason = reason;
        machine.on_message(m, now);
    }
    /// Nothing of their first attempts is in flight any more.
    void idle(const std::vector<std::uint64_t>& sessions) {
        for (const std::uint64_t session : sessions) machine.on_idle(key(1, session), now);
    }
    /// One of three, kThird, has not asked when the others' send ends.
    void two_of_three_fail() {
        two_under_way(3);
        machine.on_generation_failed({kSession, 1}, "dead", now);
        idle({kSession, kOther});
    }
    /// The one send's end, which has just come.
    [[nodiscard]] SendFinal end() {
        const auto ends = all<SendFinal>(drain());
        EXPECT_THAT(ends, SizeIs(1));
        return ends.empty() ? SendFinal{} : ends.front();
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
    abort_saying("deadline of 3000 ms");
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
    abort_saying("aborted by its user", kOther);
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
    two_of_three_fail();
    drain();
    init(1, blocks(0, 2), 256, kRoom, kThird, 3);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Failed);
    init(2, blocks(0, 2), 256, kRoom, kThird, 3);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Bootstrapping) << "it asks for the next send";
}

TEST_F(EmbeddingRanks, ANewSendMakesTheRoomNew) {
    begin(OnDeadRank::fail);
    two_of_three_fail();
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
    const SendFinal ended = end();
    EXPECT_EQ(ended.status, Status::Success);
    EXPECT_EQ(ended.failed_ranks, 1u);
    EXPECT_EQ(ended.reason, "");
}

TEST_F(EmbeddingRanks, WhereAllFailTheSendFailsWithTheFirstReason) {
    begin(OnDeadRank::go_on);
    two_under_way();
    machine.on_generation_failed({kSession, 1}, "first", now);
    machine.on_generation_failed({kOther, 1}, "second", now);
    idle({kSession, kOther});
    const SendFinal ended = end();
    EXPECT_EQ(ended.status, Status::Failed);
    EXPECT_THAT(ended.reason, HasSubstr("first"));
    EXPECT_EQ(ended.failed_ranks, 2u);
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
    const SendFinal ended = end();
    EXPECT_EQ(ended.status, Status::Success);
    EXPECT_EQ(ended.failed_ranks, 1u);
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
    const SendFinal ended = end();
    EXPECT_EQ(ended.status, Status::Success);
    EXPECT_EQ(ended.failed_ranks, 0u);
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

}  // namespace
}  // namespace remit::protocol::embedding
