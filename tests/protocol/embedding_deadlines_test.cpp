// How long the sender's state machine waits, and for whom.

#include "embedding_fixture.hpp"

namespace remit::protocol::embedding {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EmbeddingDeadlines : public EmbeddingMachine {
protected:
    /// A room of `total` tokens of which 128, the first round, are written: RESUME is awaited.
    void await_resume(std::uint64_t total, const Timing& timing) {
        Config c = config();
        c.timing = timing;
        make_anew(c);
        register_peer();
        machine.on_send(kSend, kRoom, total, now);
        init(1, blocks(0, 1), 128);
        write(1, 0);
        drain();
    }
};

TEST_F(EmbeddingDeadlines, TheWireAndTheResumeHaveDeadlinesOfTheirOwn) {
    Timing timing;
    timing.round_deadline = milliseconds(300);
    timing.resume_deadline = milliseconds(700);
    await_resume(300, timing);
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

TEST_F(EmbeddingDeadlines, AReceiverThatSaysThatItWaitsIsWaitedForUpToTheBackstop) {
    Timing timing;
    timing.resume_deadline = milliseconds(400);
    timing.backstop_deadline = milliseconds(2000);
    await_resume(300, timing);
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

TEST_F(EmbeddingDeadlines, ARepeatOfTheRoundBeforeSaysSoToo) {
    Timing timing;
    timing.resume_deadline = milliseconds(400);
    await_resume(400, timing);
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

TEST_F(EmbeddingDeadlines, AResumeThatDoesNotComeIsSaidWithWhoOwesIt) {
    Timing timing;
    timing.resume_deadline = milliseconds(400);
    await_resume(300, timing);
    now += milliseconds(400);
    machine.on_time(now);
    EXPECT_THAT(told<StatusReport>(drain()).at(0).reason,
                HasSubstr("no RESUME of room 7 from the language worker at 10.0.0.2:1005 within 400 ms"));
}

}  // namespace
}  // namespace remit::protocol::embedding
