// The user's streams: a send reads nothing before its stream has come so far, a consumer's stream waits for the last copy.

#include "gpu_pair.hpp"

#include <thread>

namespace remit::worker::test {
namespace {

using gpu::test::fake_runtime;
using gpu::test::fake_runtime_mutex;
using gpu::test::hold_stream;
using gpu::test::make_user_stream;
using gpu::test::put_work;
using std::chrono::steady_clock;

class UserStream : public GpuPair {
protected:
    /// A send of tensors that a stream fills.
    Send send_behind(Pair& pair, const Tensors& tensors, const Content& content, Stream stream) {
        const std::vector<void*> addresses = tensors.addresses();
        SendOptions options;
        options.stream = stream;
        return pair.embedding().send(content.room, ContiguousSource{{addresses.begin(), addresses.end()}}, content.tokens,
                                     content.aux(), options);
    }
    [[nodiscard]] static steady_clock::time_point in(long milliseconds) {
        return steady_clock::now() + scaled(milliseconds);
    }
    /// Released and told whether its user's work saw all of the room.
    struct Consumer {
        bool ran = false;
        std::string fault = "did not run";
    };
};

TEST_F(UserStream, ASendReadsNothingBeforeItsStreamHasFilledTheSource) {
    Pair& pair = start();
    const cudaStream_t user = make_user_stream();
    hold_stream(user, true);
    Tensors tensors(small_layout(), 2000);
    const Content content{1, 2000};
    put_work(user, [&] { tensors.fill(content); });
    const Incoming incoming = pair.receive(1, 1024);
    const Send send = send_behind(pair, tensors, content, user);
    // Another request passes it meanwhile.
    pair.expect_transfer({2, 1500}, 1500);
    EXPECT_FALSE(is_final(send.poll()));
    EXPECT_EQ(send.writes(), 0u);
    hold_stream(user, false);
    incoming.expect_success(content);
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Success) << send.reason();
}

TEST_F(UserStream, TheLegacyStreamIsRespectedToo) {
    Pair& pair = start();
    hold_stream(nullptr, true);
    Tensors tensors(small_layout(), 700);
    const Content content{1, 700};
    put_work(nullptr, [&] { tensors.fill(content); });
    const Incoming incoming = pair.receive(1, 1024);
    const Send send = send_behind(pair, tensors, content, Stream(nullptr));
    EXPECT_NE(send.wait_for(std::chrono::milliseconds(30)), Status::Success);
    hold_stream(nullptr, false);
    incoming.expect_success(content);
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Success);
}

TEST_F(UserStream, AnAbortedSendNeedNotWaitForItsStream) {
    Pair& pair = start();
    const cudaStream_t user = make_user_stream();
    hold_stream(user, true);
    const Tensors tensors(small_layout(), 700);
    const Incoming incoming = pair.receive(1, 1024);
    const Send send = send_behind(pair, tensors, {1, 700}, user);
    ASSERT_TRUE(comes_true([&] { return incoming.reception().total_tokens() == 700; })) << "the two have met";
    send.abort();
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Failed);
    incoming.expect_failed("aborted");
    hold_stream(user, false);
    pair.expect_transfer({1, 700, 2}, 1024);
}

TEST_F(UserStream, ACapturingStreamIsRefusedAndNothingBegun) {
    Pair& pair = start();
    const cudaStream_t user = make_user_stream();
    {
        const std::lock_guard lock(fake_runtime_mutex());
        fake_runtime().streams[user].capturing = true;
    }
    const Tensors tensors(small_layout(), 700);
    expect_error([&] { send_behind(pair, tensors, {1, 700}, user); }, ErrorKind::misuse, {"captures a graph"});
    const Incoming incoming = pair.receive(2, 1024);
    expect_error([&] { incoming.reception().wait(user, in(0)); }, ErrorKind::misuse, {"captures a graph"});
    const Outgoing outgoing = pair.send({2, 1500});
    incoming.expect_success({2, 1500});
    EXPECT_EQ(fake_runtime().killed_captures, 0u) << "a whole transfer beside a capture";
    outgoing.expect_success();
    pair.expect_transfer({1, 700}, 1024);
    const std::lock_guard lock(fake_runtime_mutex());
    fake_runtime().streams[user].capturing = false;
}

TEST_F(UserStream, TheCallersContextIsLeftAsFound) {
    Pair& pair = start();
    int mine = 0;
    gpu::test::fake_thread().context = &mine;
    const Incoming incoming = pair.receive(1, 1024);
    Tensors tensors(small_layout(), 700);
    const Content content{1, 700};
    tensors.fill(content);
    const Send send = send_behind(pair, tensors, content, Stream());
    EXPECT_EQ(incoming.reception().wait(Stream(), in(30'000)), Status::Success);
    EXPECT_EQ(gpu::test::fake_thread().context, &mine);
    EXPECT_EQ(gpu::test::fake_thread().capture_mode, cudaStreamCaptureModeGlobal);
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Success);
}

TEST_F(UserStream, AConsumerWaitsOnItsStreamForTheLastCopy) {
    Pair& pair = start();
    const cudaStream_t user = make_user_stream();
    const Content content{1, 2000};
    Tensors tensors(small_layout(), 2000);
    ReceiveOptions options;
    options.expected_tokens = 2048;
    options.into = [&](std::uint64_t) {
        // From here on the device has the round's scatter, and does not run it.
        hold_stream(second_stream(), true);
        return SinkTensors{tensors.addresses()};
    };
    const Reception room = pair.language().receive(1, pair.endpoint(), options);
    const Outgoing outgoing = pair.send(content);
    // The aux comes by the same stream, before the scatter: let it pass.
    ASSERT_TRUE(comes_true([&] { return room.total_tokens() == 2000; }));
    Consumer consumer;
    std::thread releasing([&] {
        // One launch for the aux; the scatter follows it.
        const bool aux_waits = comes_true([] {
            const std::lock_guard lock(fake_runtime_mutex());
            return !fake_runtime().streams[second_stream()].waiting.empty();
        });
        EXPECT_TRUE(aux_waits);
        hold_stream(second_stream(), false);
    });
    EXPECT_EQ(room.wait(user, in(30'000)), Status::Success) << room.reason();
    releasing.join();
    put_work(user, [&] { consumer = {true, tensors.fault(content)}; });
    EXPECT_TRUE(comes_true([&] {
        const std::lock_guard lock(fake_runtime_mutex());
        return consumer.ran;
    }));
    EXPECT_EQ(consumer.fault, "");
    EXPECT_EQ(room.total_tokens(), 2000u);
    EXPECT_EQ(room.aux(), content.aux());
    EXPECT_EQ(room.wait_for(scaled(30'000)), Status::Success);
    outgoing.expect_success();
}

TEST_F(UserStream, WhatIsPutBehindTheWaitRunsAfterTheCopyThatStillRuns) {
    // A staged pool: its aux is read without the device, so that the held stream has the scatter alone.
    Pair& pair = start(device_memory(GpuDirect::staged));
    const cudaStream_t user = make_user_stream();
    const Content content{1, 900};
    Tensors tensors(small_layout(), 900);
    hold_stream(second_stream(), true);
    ReceiveOptions options;
    options.into = [&](std::uint64_t) { return SinkTensors{tensors.addresses()}; };
    const Reception room = pair.language().receive(1, pair.endpoint(), options);
    const Outgoing outgoing = pair.send(content);
    ASSERT_EQ(room.wait(user, in(30'000)), Status::Success) << room.reason();
    EXPECT_FALSE(is_final(room.poll())) << "the copy has not run";
    EXPECT_EQ(room.aux(), content.aux());
    Consumer consumer;
    put_work(user, [&] { consumer = {true, tensors.fault(content)}; });
    EXPECT_FALSE(consumer.ran);
    hold_stream(second_stream(), false);
    EXPECT_TRUE(consumer.ran);
    EXPECT_EQ(consumer.fault, "");
    EXPECT_EQ(room.wait_for(scaled(30'000)), Status::Success);
    outgoing.expect_success();
}

TEST_F(UserStream, AFailedRoomPutsNothingIntoTheStream) {
    Pair& pair = start();
    const cudaStream_t user = make_user_stream();
    pair.embedding().reject(1, "no such request");
    const Incoming incoming = pair.receive(1, 1024);
    EXPECT_EQ(incoming.reception().wait(user, in(30'000)), Status::Failed);
    incoming.expect_failed("no such request");
    EXPECT_EQ(calls_of("cudaStreamWaitEvent"), 0u);
}

TEST_F(UserStream, ADeadlineThatPassesPutsNothingIntoTheStream) {
    Pair& pair = start();
    const cudaStream_t user = make_user_stream();
    const Incoming incoming = pair.receive(1, 1024);
    EXPECT_FALSE(is_final(incoming.reception().wait(user, in(20))));
    EXPECT_EQ(calls_of("cudaStreamWaitEvent"), 0u);
    const Outgoing outgoing = pair.send({1, 700});
    incoming.expect_success({1, 700});
}

TEST_F(UserStream, KeptBlocksAreWaitedForOnTheHost) {
    Pair& pair = start(device_memory(GpuDirect::staged));
    const Content content{1, 900};
    const Incoming incoming = pair.receive(1, 1024, Into::kept);
    const Outgoing outgoing = pair.send(content);
    EXPECT_EQ(incoming.reception().wait(make_user_stream(), in(30'000)), Status::Success);
    EXPECT_EQ(incoming.reception().poll(), Status::Success);
    incoming.expect_content(content);
    EXPECT_EQ(calls_of("cudaStreamWaitEvent"), 0u);
}

TEST_F(UserStream, AWorkerOfHostMemoryWaitsOnTheHost) {
    pair_ = std::make_unique<Pair>();
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 900});
    EXPECT_EQ(incoming.reception().wait(Stream(), in(30'000)), Status::Success);
    incoming.expect_content({1, 900});
    EXPECT_TRUE(fake_runtime().log.empty());
}

}  // namespace
}  // namespace remit::worker::test
