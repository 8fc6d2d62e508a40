// Aborts by either side, at every point where a request can be held still; afterwards all memory is back.

#include "pair.hpp"

#include <deque>

namespace remit::worker::test {
namespace {

/// A pool of which another room keeps most, so that a room stops where it needs more and stays there.
class Held : public testing::Test {
protected:
    Held() : pair_(options()), holder_(pair_.receive(1000, 1024, Into::kept)) {
        const Outgoing outgoing = pair_.send({1000, 1024});
        holder_.expect_success({1000, 1024});
    }
    ~Held() override { holder_.reception().release(); }

    static PairOptions options() {
        PairOptions options;
        options.language_blocks = 10;
        return options;
    }
    /// Two blocks have arrived, two more are wanted, none is free.
    void wait_until_held(const Incoming& incoming) {
        ASSERT_TRUE(comes_true([&] { return incoming.reception().poll() == Status::Transferring; }));
    }
    /// The two blocks come back, and both workers go on.
    void expect_recovered() {
        EXPECT_TRUE(comes_true([&] { return pair_.language().free_blocks() == 2; })) << pair_.language().free_blocks();
        pair_.expect_transfer({5, 200, 3}, 256);
        pair_.expect_transfer({1, 200, 3}, 256);
        holder_.expect_content({1000, 1024});
    }
    Pair pair_;
    Incoming holder_;
};

TEST_F(Held, TheReceiverAbortsMidway) {
    const Incoming incoming = pair_.receive(1, 256, Into::kept);
    const Outgoing outgoing = pair_.send({1, 512});
    wait_until_held(incoming);
    incoming.reception().abort();
    incoming.expect_failed("aborted by the language worker's user");
    outgoing.expect_failed("aborted by the language worker");
    expect_recovered();
}

TEST_F(Held, TheSenderAbortsMidway) {
    const Incoming incoming = pair_.receive(1, 256, Into::kept);
    const Outgoing outgoing = pair_.send({1, 512});
    wait_until_held(incoming);
    outgoing.send().abort();
    outgoing.expect_failed("aborted by the embedding worker's user");
    incoming.expect_failed("aborted by the embedding worker's user");
    expect_recovered();
}

TEST_F(Held, TheSenderRejectsMidway) {
    const Incoming incoming = pair_.receive(1, 256, Into::kept);
    const Outgoing outgoing = pair_.send({1, 512});
    wait_until_held(incoming);
    pair_.embedding().reject(1, "the encoder ran out of patience");
    outgoing.expect_failed("the encoder ran out of patience");
    incoming.expect_failed("the encoder ran out of patience");
    const Outgoing next = pair_.send({1, 100, 2});  // forgets the rejection
    const Incoming again = pair_.receive(1, 256);
    again.expect_success({1, 100, 2});
    next.expect_success();
    expect_recovered();
}

TEST_F(Held, TheReceiversHandleIsDroppedMidway) {
    Incoming incoming = pair_.receive(1, 256, Into::kept);
    const Outgoing outgoing = pair_.send({1, 512});
    wait_until_held(incoming);
    incoming.drop();
    outgoing.expect_failed("aborted by the language worker");
    expect_recovered();
}

TEST_F(Held, BothAbortAtOnce) {
    const Incoming incoming = pair_.receive(1, 256, Into::kept);
    const Outgoing outgoing = pair_.send({1, 512});
    wait_until_held(incoming);
    incoming.reception().abort();
    outgoing.send().abort();
    incoming.expect_failed("aborted");
    outgoing.expect_failed("aborted");
    expect_recovered();
}

TEST(Abort, BeforeAnyoneHasSent) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    incoming.reception().abort();
    incoming.expect_failed("aborted by the language worker's user");
    expect_whole(pair.language());
    pair.expect_transfer({2, 2000}, 1024);  // a send of room 1 could cross the ABORT and meet it
}

TEST(Abort, AfterInitAndBeforeSend) {
    Pair pair;
    for (const std::uint64_t expected : {1024U, 0U}) {
        const Incoming incoming = pair.receive(1, expected);
        ASSERT_TRUE(comes_true([&] { return !incoming.reception().history().empty(); }));
        incoming.reception().abort();
        incoming.expect_failed("aborted by the language worker's user");
        expect_whole(pair.language());
        pair.expect_transfer({2, 2000}, 1024);  // a send of room 1 could cross the ABORT and meet it
    }
}

TEST(Abort, OfASendThatNobodyAskedFor) {
    Pair pair;
    const Outgoing outgoing = pair.send({1, 2000});
    outgoing.send().abort();
    outgoing.expect_failed("aborted by the embedding worker's user");
    pair.expect_transfer({1, 2000, 2}, 1024);
}

TEST(Abort, OfWhereNobodyListens) {
    Pair pair;
    const std::string nobody = "tcp://127.0.0.1:1";
    const Incoming incoming(pair.language(), nobody, 1, Into::sink);
    incoming.reception().abort();
    incoming.expect_failed("aborted by the language worker's user");
    pair.expect_transfer({1, 2000}, 1024);
}

TEST(Abort, AfterTheEndChangesNothing) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024, Into::kept);
    const Outgoing outgoing = pair.send({1, 2000});
    incoming.expect_success({1, 2000});
    outgoing.expect_success();
    incoming.reception().abort();
    outgoing.send().abort();
    pair.expect_transfer({2, 100}, 128);
    incoming.expect_success({1, 2000});
    outgoing.expect_success();
}

/// Whoever comes first: each end has an end, and the memory is whole.
TEST(Abort, RacesWithTheTransferAtRandomPoints) {
    PairOptions options;
    options.language_blocks = 24;
    options.embedding.chunk_bytes = 4096;
    Pair pair(options);
    std::uint64_t state = 1;
    int failed = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        const Content content{i % 3, 1500 + i, i};
        Incoming incoming = pair.receive(content.room, 512, i % 2 == 0 ? Into::sink : Into::kept);
        const Outgoing outgoing = pair.send(content, From::contiguous);
        const auto pause = std::chrono::microseconds((state >> 40) % 3000);
        const auto until = std::chrono::steady_clock::now() + pause;
        while (std::chrono::steady_clock::now() < until && !is_final(incoming.reception().poll())) {
        }
        if (i % 4 < 2) incoming.reception().abort();
        if (i % 4 == 1 || i % 4 == 2) outgoing.send().abort();
        if (i % 4 == 3) incoming.drop();
        if (i % 4 == 0) static_cast<void>(incoming.reception().wait_for(scaled(20'000)));
        outgoing.send().abort();  // a receiver that gave up before its INIT leaves the send for another
        ASSERT_TRUE(is_final(outgoing.send().wait_for(scaled(20'000)))) << i;
        EXPECT_EQ(outgoing.source_fault(), "");
        failed += outgoing.send().poll() == Status::Failed ? 1 : 0;
        if (i % 4 == 3) continue;
        if (outgoing.send().poll() == Status::Failed) incoming.reception().abort();  // it may wait for another send
        ASSERT_TRUE(is_final(incoming.reception().wait_for(scaled(20'000)))) << i;
        if (incoming.reception().poll() == Status::Success) incoming.expect_content(content);
    }
    expect_whole(pair.language());
    EXPECT_GT(failed, 0);
    pair.expect_transfer({1, 2000}, 1024);
}

TEST(Reject, BeforeReceiveAnswersItWhenItComes) {
    Pair pair;
    pair.embedding().reject(1, "image could not be decoded");
    const Incoming incoming = pair.receive(1, 1024);
    incoming.expect_failed("image could not be decoded");
    expect_whole(pair.language());
}

TEST(Reject, AfterReceiveFailsTheRoomAtOnce) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    ASSERT_TRUE(comes_true([&] { return !incoming.reception().history().empty(); }));
    pair.embedding().reject(1, "image could not be decoded");
    incoming.expect_failed("image could not be decoded");
    expect_whole(pair.language());
}

TEST(Reject, IsForgottenWithTheNextSend) {
    Pair pair;
    pair.embedding().reject(1, "not yet");
    const Outgoing outgoing = pair.send({1, 300});
    const Incoming incoming = pair.receive(1, 1024);
    incoming.expect_success({1, 300});
    outgoing.expect_success();
}

TEST(Reject, TellsWordsOfAnyLengthAndKind) {
    Pair pair;
    pair.embedding().reject(1, std::string(100'000, 'x') + "\xff\x00\n");
    const Incoming incoming = pair.receive(1, 1024);
    incoming.expect_failed("xxxxxxxx");
    pair.embedding().reject(2, "");
    const Incoming second = pair.receive(2, 1024);
    second.expect_failed("");
    pair.expect_transfer({3, 300}, 128);
}

}  // namespace
}  // namespace remit::worker::test
