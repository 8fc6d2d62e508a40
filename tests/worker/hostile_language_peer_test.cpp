// A registered language worker that breaks the rules: its own request fails with the values, nothing is written, and
// honest peers go on.

#include "raw_peer.hpp"

namespace remit::worker::test {
namespace {

class HostileLanguage : public testing::Test {
protected:
    HostileLanguage() : fake_(pair_.endpoint(), pair_.network()) {}
    void SetUp() override { fake_.expect_registered(); }

    /// STATUS Failed with all of `parts` in its reason; not one byte written.
    void expect_refused(std::uint64_t attempt, const std::vector<std::string>& parts) {
        const auto status = fake_.status_of(attempt, Status::Failed);
        ASSERT_TRUE(status) << "no STATUS Failed for attempt " << attempt;
        for (const std::string& part : parts) {
            EXPECT_NE(status->reason.find(part), std::string::npos) << part << " in: " << status->reason;
        }
    }
    void expect_honest_go_on() {
        pair_.expect_transfer({500, 2000, 1}, 1024);
        pair_.expect_transfer({501, 2000, 1}, 1024, Into::kept);
    }
    Pair pair_;
    FakeLanguage fake_;
};

TEST_F(HostileLanguage, InitWhoseTokensDoNotFitItsBlocksFailsWithBothNumbers) {
    const Outgoing outgoing = pair_.send({1, 2000});
    struct Case {
        BlockTable blocks;
        std::uint64_t tokens;
        const char* permitted;
    };
    std::uint64_t attempt = 0;
    for (const Case& c :
         {Case{{0, 1}, 257, "129 to 256"}, Case{{0, 1}, 128, "129 to 256"}, Case{{0, 1}, 0, "129 to 256"},
          Case{{}, 1, "0 to 0"}, Case{{0}, ~0ULL, "1 to 128"}, Case{{0, 1, 2}, 1ULL << 63, "257 to 384"}}) {
        fake_.raw.send(fake_.init(1, ++attempt, c.blocks, c.tokens));
        expect_refused(attempt, {"allocated_tokens " + std::to_string(c.tokens), c.permitted});
    }
    EXPECT_TRUE(fake_.pool_is_untouched());
    // The send has not been taken by any of them.
    const Incoming honest = pair_.receive(1, 1024);
    honest.expect_success({1, 2000});
    outgoing.expect_success();
    EXPECT_TRUE(fake_.pool_is_untouched());
}

TEST_F(HostileLanguage, InitOfBlocksThatAreTwiceOrOutsideThePoolFailsWithTheBlock) {
    const Outgoing outgoing = pair_.send({1, 300});
    fake_.raw.send(fake_.init(1, 1, {3, 3}, 256));
    expect_refused(1, {"block 3 is named twice"});
    fake_.raw.send(fake_.init(1, 2, {0, 16}, 256));
    expect_refused(2, {"block 16", "16 blocks"});
    fake_.raw.send(fake_.init(1, 3, {0xffffffff}, 128));
    expect_refused(3, {"block 4294967295"});
    EXPECT_TRUE(fake_.pool_is_untouched());
    const Incoming honest = pair_.receive(1, 1024);
    honest.expect_success({1, 300});
    outgoing.expect_success();
}

TEST_F(HostileLanguage, ResumeThatDoesNotFitFailsThatRoomOnly) {
    struct Case {
        BlockTable blocks;
        std::uint64_t sent;
        std::uint64_t tokens;
        std::vector<std::string> parts;
    };
    const std::vector<Case> cases{{{4, 5}, 128, 257, {"RESUME", "allocated_tokens 257", "129 to 256"}},
                                  {{4, 4}, 128, 256, {"RESUME", "block 4 is named twice"}},
                                  {{4, 99}, 128, 256, {"RESUME", "block 99"}},
                                  {{}, 128, 0, {"RESUME", "no blocks"}},
                                  {{4}, 0, 128, {"sent_tokens 0", "128"}},
                                  {{4}, 127, 128, {"sent_tokens 127", "128"}},
                                  {{0}, 0, 127, {"sent_tokens 0"}}};
    std::uint64_t attempt = 0;
    for (const Case& c : cases) {
        ++attempt;
        const Outgoing outgoing = pair_.send({attempt, 1000});
        fake_.raw.send(fake_.init(attempt, attempt, {0}, 128));
        ASSERT_TRUE(fake_.status_of(attempt, Status::Transferring));
        fake_.raw.send(fake_.resume(attempt, attempt, c.blocks, c.sent, c.tokens));
        expect_refused(attempt, c.parts);
        outgoing.expect_failed(c.parts.front());
        fake_.raw.send(protocol::Abort{.room = attempt, .id = fake_.id(attempt)});
        const auto aborted = fake_.raw.as_language<protocol::Aborted>(
            [&](const protocol::Aborted& m) { return m.id.attempt == attempt; });
        ASSERT_TRUE(aborted);
        EXPECT_TRUE(aborted->drained);
        EXPECT_EQ(aborted->rounds, 1U);
    }
    expect_honest_go_on();
}

TEST_F(HostileLanguage, ResumeBeyondTheEndIsIgnoredAndARepeatIsHarmless) {
    const Outgoing outgoing = pair_.send({1, 256});
    fake_.raw.send(fake_.init(1, 1, {0}, 128));
    ASSERT_TRUE(fake_.status_of(1, Status::Transferring));
    fake_.raw.send(fake_.resume(1, 1, {7}, 1000, 128));
    for (int i = 0; i < 10; ++i) fake_.raw.send(fake_.resume(1, 1, {0}, 0, 128));
    for (int i = 0; i < 10; ++i) fake_.raw.send(fake_.resume(1, 1, {5}, 128, 128));
    const auto status = fake_.status_of(1, Status::Success);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->total_tokens, 256U);
    EXPECT_EQ(status->rounds, 2U);
    outgoing.expect_success();
    EXPECT_EQ(outgoing.send().rounds(), 2U);
}

TEST_F(HostileLanguage, ResumeOfWhatWasNeverOpenedFails) {
    fake_.raw.send(fake_.resume(1, 77, {0}, 0, 128));
    expect_refused(77, {"never opened"});
    expect_honest_go_on();
}

TEST_F(HostileLanguage, RepeatedInitsOpenOneAttempt) {
    for (int i = 0; i < 50; ++i) fake_.raw.send(fake_.init(1, 1, {0, 1}, 256));
    const Outgoing outgoing = pair_.send({1, 200});
    for (int i = 0; i < 50; ++i) fake_.raw.send(fake_.init(1, 1, {0, 1}, 256));
    ASSERT_TRUE(fake_.status_of(1, Status::Success));
    outgoing.expect_success();
    EXPECT_EQ(outgoing.send().rounds(), 1U);
    for (int i = 0; i < 50; ++i) fake_.raw.send(fake_.init(1, 1, {2, 3}, 256));  // final is final
    ASSERT_TRUE(fake_.status_of(1, Status::Success));
    expect_honest_go_on();
}

TEST_F(HostileLanguage, AttemptNumbersAtTheEndOfTheirRangeHurtNobody) {
    for (const std::uint64_t attempt : {~0ULL, ~0ULL - 1, 1ULL << 63, 1ULL}) {
        fake_.raw.send(fake_.init(1, attempt, {0}, 128));
        fake_.raw.send(protocol::Abort{.room = 1, .id = fake_.id(attempt)});
    }
    expect_honest_go_on();
}

TEST_F(HostileLanguage, AbortsAndYieldsOfAnythingAreAnswered) {
    for (std::uint64_t attempt = 1; attempt <= 20; ++attempt) {
        fake_.raw.send(
            protocol::Abort{.room = attempt,
                            .id = fake_.id(attempt),
                            .kind = attempt % 2 == 0 ? protocol::AbortKind::abort : protocol::AbortKind::yield});
        const auto answer = fake_.raw.as_language<protocol::Aborted>(
            [&](const protocol::Aborted& m) { return m.id.attempt == attempt; });
        ASSERT_TRUE(answer) << attempt;
        EXPECT_TRUE(answer->drained);
        EXPECT_EQ(answer->rounds, 0U);
    }
    expect_honest_go_on();
}

TEST_F(HostileLanguage, AWrongRoomForAKnownAttemptHurtsNobody) {
    const Outgoing one = pair_.send({1, 1000});
    const Outgoing two = pair_.send({2, 1000});
    fake_.raw.send(fake_.init(1, 1, {0}, 128));
    ASSERT_TRUE(fake_.status_of(1, Status::Transferring));
    fake_.raw.send(fake_.init(2, 1, {1}, 128));
    fake_.raw.send(fake_.resume(2, 1, {1}, 500, 128));
    fake_.raw.send(protocol::Abort{.room = 2, .id = fake_.id(1)});
    const Incoming honest = pair_.receive(2, 1024);
    honest.expect_success({2, 1000});
    two.expect_success();
    EXPECT_TRUE(is_final(one.send().wait_for(scaled(20'000))));
}

TEST_F(HostileLanguage, SilenceAfterRegisterFailsItsRoomsByTheDeadline) {
    PairOptions options;
    options.embedding.timing.ping_period = scaled(50);
    options.embedding.timing.peer_silence = scaled(400);
    Pair pair(options);
    FakeLanguage silent(pair.endpoint(), pair.network());
    silent.expect_registered();
    const Outgoing outgoing = pair.send({1, 1000});
    silent.raw.send(silent.init(1, 1, {0}, 128));
    outgoing.expect_failed("silent for");
    pair.expect_transfer({1, 1000, 2}, 1024);
}

TEST_F(HostileLanguage, ManyInitsWithoutASendAreBounded) {
    PairOptions options;
    options.embedding.limits.parked = 10;
    Pair pair(options);
    FakeLanguage greedy(pair.endpoint(), pair.network());
    greedy.expect_registered();
    for (std::uint64_t attempt = 1; attempt <= 30; ++attempt) greedy.raw.send(greedy.init(attempt, attempt, {}, 0));
    ASSERT_TRUE(greedy.status_of(30, Status::Failed));
    const Outgoing outgoing = pair.send({777, 500});
    greedy.raw.send(protocol::Close{.id = greedy.id(0), .reason = "enough"});
    const Incoming honest = pair.receive(777, 1024);
    honest.expect_success({777, 500});
    outgoing.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
