// Sources that the user's streams fill bit by bit: what is ready behind a stream goes out when the stream has come past it.

#include "gpu_pair.hpp"
#include "growing.hpp"

namespace remit::worker::test {
namespace {

using gpu::test::fake_runtime;
using gpu::test::fake_runtime_mutex;
using gpu::test::hold_stream;
using gpu::test::kill_gpu;
using gpu::test::make_user_stream;
using gpu::test::put_work;

class ReadyBehindAStream : public GpuPair {
protected:
    /// A room and its send, of which nothing is ready yet.
    void begin(const Content& content, From from = From::contiguous) {
        content_ = content;
        incoming_.reset(new Incoming(pair_->receive(content.room, 1024)));
        growing_ = std::make_unique<Growing>(pair_->embedding(), content, 0, from);
    }
    void TearDown() override {
        growing_.reset();
        incoming_.reset();
        GpuPair::TearDown();
    }
    /// The stream fills tokens up to `tokens`, and the send is told so.
    void fill_behind(cudaStream_t stream, std::uint64_t tokens) {
        put_work(stream, [this, tokens] { growing_->fill(tokens); });
        growing_->send().ready(tokens, stream);
    }
    void expect_success() {
        incoming_->expect_success(content_);
        growing_->expect_success();
    }
    /// A whole transfer beside it, in which the worker has looked at everything there is: nothing more of ours went out.
    void expect_nothing_moves(RoomId beside) {
        const std::uint64_t before = growing_->send().writes();
        pair_->expect_transfer({beside, 900}, 1024);
        EXPECT_EQ(growing_->send().writes(), before);
        EXPECT_FALSE(is_final(growing_->send().poll()));
    }

    Content content_{};
    std::unique_ptr<Incoming> incoming_;
    std::unique_ptr<Growing> growing_;
};

TEST_F(ReadyBehindAStream, GoesOutWhenTheStreamHasComePast) {
    start();
    const cudaStream_t user = make_user_stream();
    begin({1, 2000});
    hold_stream(user, true);
    fill_behind(user, 700);
    expect_nothing_moves(2);
    EXPECT_EQ(growing_->send().writes(), 0u);
    hold_stream(user, false);
    EXPECT_TRUE(comes_true([&] { return growing_->send().writes() > 0; }));
    hold_stream(user, true);
    fill_behind(user, 2000);
    expect_nothing_moves(3);
    hold_stream(user, false);
    expect_success();
}

TEST_F(ReadyBehindAStream, OfBlocksToo) {
    start();
    const cudaStream_t user = make_user_stream();
    begin({1, 1500}, From::blocks);
    for (const std::uint64_t tokens : {1u, 130u, 1024u, 1500u}) {
        hold_stream(user, true);
        fill_behind(user, tokens);
        hold_stream(user, false);
    }
    expect_success();
}

TEST_F(ReadyBehindAStream, SeveralPointsWaitAndArePassedInTheirOrder) {
    start();
    const cudaStream_t slow = make_user_stream();
    const cudaStream_t fast = make_user_stream();
    begin({1, 1500});
    hold_stream(slow, true);
    fill_behind(slow, 700);
    // Of another stream, and of none: neither may overtake what the first one still fills.
    put_work(fast, [] {});
    growing_->send().ready(1000, fast);
    growing_->send().ready(1000);
    expect_nothing_moves(2);
    EXPECT_EQ(growing_->send().writes(), 0u);
    put_work(slow, [this] { growing_->fill(1500); });
    hold_stream(slow, false);
    EXPECT_TRUE(comes_true([&] { return growing_->send().writes() > 0; }));
    growing_->send().ready(1500);
    expect_success();
}

TEST_F(ReadyBehindAStream, TheLegacyStreamIsAStreamLikeAnother) {
    start();
    begin({1, 700});
    hold_stream(nullptr, true);
    fill_behind(nullptr, 700);
    expect_nothing_moves(2);
    hold_stream(nullptr, false);
    expect_success();
}

TEST_F(ReadyBehindAStream, ACapturingStreamIsRefusedAndNothingWasSaid) {
    start();
    const cudaStream_t user = make_user_stream();
    begin({1, 700});
    {
        const std::lock_guard lock(fake_runtime_mutex());
        fake_runtime().streams[user].capturing = true;
    }
    expect_error([&] { growing_->send().ready(700, user); }, ErrorKind::misuse, {"captures a graph"});
    expect_nothing_moves(2);
    {
        const std::lock_guard lock(fake_runtime_mutex());
        EXPECT_EQ(fake_runtime().killed_captures, 0u);
        EXPECT_TRUE(fake_runtime().streams[user].waiting.empty());
        fake_runtime().streams[user].capturing = false;
    }
    growing_->grow(100);  // fewer than the 700 that were refused
    fill_behind(user, 700);
    expect_success();
}

TEST_F(ReadyBehindAStream, WhatIsWrongIsRefusedBeforeAnythingIsRecorded) {
    start();
    const cudaStream_t user = make_user_stream();
    begin({1, 700});
    growing_->grow(300);
    hold_stream(user, true);
    const auto recorded = [user] {
        const std::lock_guard lock(fake_runtime_mutex());
        return !fake_runtime().streams[user].waiting.empty();
    };
    expect_error([&] { growing_->send().ready(701, user); }, ErrorKind::bad_argument, {"701", "700"});
    expect_error([&] { growing_->send().ready(299, user); }, ErrorKind::misuse, {"299", "300"});
    EXPECT_FALSE(recorded());
    growing_->grow(700);
    expect_success();
    growing_->send().ready(700, user);
    EXPECT_FALSE(recorded()) << "the send has ended";
}

TEST_F(ReadyBehindAStream, TheCallersContextAndModeAreLeftAsFound) {
    start();
    const cudaStream_t user = make_user_stream();
    begin({1, 700});
    int mine = 0;
    gpu::test::fake_thread().context = &mine;
    fill_behind(user, 700);
    EXPECT_EQ(gpu::test::fake_thread().context, &mine);
    EXPECT_EQ(gpu::test::fake_thread().capture_mode, cudaStreamCaptureModeGlobal);
    expect_success();
}

TEST_F(ReadyBehindAStream, AStreamThatDiesFailsTheSendWithItsError) {
    // The receiver has host memory: it must hear of it from the sender alone.
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    const cudaStream_t user = make_user_stream();
    begin({1, 700});
    hold_stream(user, true);
    fill_behind(user, 700);
    expect_nothing_moves(2);
    kill_gpu(cudaErrorECCUncorrectable);
    growing_->expect_failed("the stream that fills the source");
    growing_->expect_failed("cudaErrorECCUncorrectable");
    incoming_->expect_failed("uncorrectable ECC error encountered");
    const std::lock_guard lock(fake_runtime_mutex());
    fake_runtime().dead = cudaSuccess;
}

TEST_F(ReadyBehindAStream, AnAbortNeedNotWaitForIt) {
    start();
    const cudaStream_t user = make_user_stream();
    begin({1, 700});
    hold_stream(user, true);
    fill_behind(user, 700);
    ASSERT_TRUE(comes_true([&] { return incoming_->reception().total_tokens() == 700; })) << "the two have met";
    growing_->send().abort();
    growing_->expect_failed("aborted");
    incoming_->expect_failed("aborted");
    hold_stream(user, false);
    pair_->expect_transfer({1, 700, 2}, 1024);
}

TEST_F(ReadyBehindAStream, ASendBehindAStreamGrowsBehindItToo) {
    // send()'s own point comes first: nothing of the source is read before it.
    Pair& pair = start();
    const cudaStream_t user = make_user_stream();
    const Content content{1, 1500};
    Tensors tensors(small_layout(), 1500);
    hold_stream(user, true);
    put_work(user, [&] { tensors.fill(content); });
    const Incoming incoming = pair.receive(1, 1024);
    const std::vector<void*> addresses = tensors.addresses();
    SendOptions options;
    options.stream = Stream(user);
    options.ready_tokens = 100;
    const Send send = pair.embedding().send(1, ContiguousSource{{addresses.begin(), addresses.end()}}, 1500,
                                            content.aux(), options);
    send.ready(1500);
    pair.expect_transfer({2, 900}, 1024);
    EXPECT_EQ(send.writes(), 0u);
    hold_stream(user, false);
    incoming.expect_success(content);
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Success) << send.reason();
}

TEST_F(ReadyBehindAStream, AWorkerOfHostMemoryKnowsNoStreamsAndSaysSo) {
    pair_ = std::make_unique<Pair>();
    begin({1, 700});
    expect_error([&] { growing_->send().ready(700, Stream()); }, ErrorKind::misuse, {"kind host", "pinned"});
    SendOptions options;
    options.stream = Stream();
    const Tensors tensors(small_layout(), 700);
    const std::vector<void*> addresses = tensors.addresses();
    const ContiguousSource source{{addresses.begin(), addresses.end()}};
    expect_error([&] { pair_->embedding().send(2, source, 700, {}, options); }, ErrorKind::misuse, {"kind host"});
    growing_->grow(700);
    expect_success();
    pair_->expect_transfer({2, 700}, 1024);
}

}  // namespace
}  // namespace remit::worker::test
