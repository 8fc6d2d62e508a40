// The sender's state machine: a source that becomes ready bit by bit.

#include "embedding_fixture.hpp"

namespace remit::protocol::embedding {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EmbeddingReady : public EmbeddingMachine {
protected:
    void SetUp() override { register_peer(); }
};

TEST_F(EmbeddingReady, ARoundSaysHowMuchOfTheSourceMayBeRead) {
    machine.on_send(kSend, kRoom, 2000, now, 700);
    init(1, blocks(0, 8), 1024);
    auto starts = all<StartRound>(drain());
    ASSERT_THAT(starts, SizeIs(1));
    EXPECT_EQ(starts[0].range, (plan::TokenRange{0, 1024}));
    EXPECT_EQ(starts[0].ready, 700u);

    machine.on_ready(kSend, 1500, now);
    const auto more = all<MoreReady>(drain());
    ASSERT_THAT(more, SizeIs(1));
    EXPECT_EQ(more[0].key, key(1));
    EXPECT_EQ(more[0].ready, 1500u);

    write(1, 0);
    resume(1, blocks(8, 8), 1024, 976);
    starts = all<StartRound>(drain());
    ASSERT_THAT(starts, SizeIs(1));
    EXPECT_EQ(starts[0].ready, 1500u);
}

TEST_F(EmbeddingReady, AllOfItWhereNothingElseIsSaid) {
    machine.on_send(kSend, kRoom, 2000, now);
    init(1, blocks(0, 8), 1024);
    const auto starts = all<StartRound>(drain());
    ASSERT_THAT(starts, SizeIs(1));
    EXPECT_EQ(starts[0].ready, 2000u);
}

TEST_F(EmbeddingReady, EveryRankIsTold) {
    register_peer(6);
    machine.on_send(kSend, kRoom, 100, now, 10);
    init(1, blocks(0, 1), 128, kRoom, kSession, 2);
    init(1, blocks(0, 1), 128, kRoom, 6, 2);
    drain();
    machine.on_ready(kSend, 20, now);
    EXPECT_THAT(all<MoreReady>(drain()), SizeIs(2));
}

TEST_F(EmbeddingReady, ReadinessThatDoesNotGrowOrComesTooLateIsOfNoEffect) {
    machine.on_send(kSend, kRoom, 100, now, 50);
    init(1, blocks(0, 1), 128);
    drain();
    machine.on_ready(kSend, 50, now);
    machine.on_ready(kSend, 10, now);
    EXPECT_THAT(all<MoreReady>(drain()), IsEmpty());
    machine.on_cancel(kSend, "no more", now);
    drain();
    machine.on_ready(kSend, 100, now);
    EXPECT_THAT(drain(), IsEmpty());
    machine.on_ready(99, 100, now);  // of no send
    EXPECT_THAT(drain(), IsEmpty());
}

TEST_F(EmbeddingReady, ASourceThatNeverComesEndsFailedAndSaysWhatWasMissing) {
    machine.on_send(kSend, kRoom, 100, now, 0);
    init(1, blocks(0, 1), 128);
    drain();
    const Time park = config().timing.park_deadline;
    // Not silent meanwhile; every bit of the source moves the deadline.
    for (int i = 1; i <= 3; ++i) {
        now += park / 2;
        machine.on_message(Ping{.from = {"10.0.0.2", 1005}, .id = id(0)}, now);
        machine.on_ready(kSend, static_cast<std::uint64_t>(i), now);
        machine.on_time(now);
    }
    EXPECT_THAT(told<StatusReport>(drain()), IsEmpty());
    now += park;
    machine.on_message(Ping{.from = {"10.0.0.2", 1005}, .id = id(0)}, now);
    machine.on_time(now);
    const auto status = only<StatusReport>(drain());
    EXPECT_EQ(status.status, Status::Failed);
    EXPECT_THAT(status.reason, HasSubstr("Send::ready(): 3 of 100 tokens"));
}

}  // namespace
}  // namespace remit::protocol::embedding
