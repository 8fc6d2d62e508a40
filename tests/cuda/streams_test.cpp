#include "host/streams.hpp"

#include "fake_runtime.hpp"

#include <remit/error.hpp>

#include <gtest/gtest.h>

namespace remit::gpu::test {
namespace {

class UserStreams : public ::testing::Test {
protected:
    void SetUp() override {
        reset_fake_runtime();
        streams_ = std::make_unique<GpuStreams>(fake_context());
        user_ = make_user_stream();
    }
    void TearDown() override {
        streams_.reset();
        EXPECT_EQ(machine_.open_events, 0) << "an event is left";
        EXPECT_EQ(machine_.retained, 0) << "a context is held";
        EXPECT_EQ(machine_.astray, std::vector<std::string>{});
    }
    template <class Call>
    void expect_error(ErrorKind kind, const std::string& word, Call call) {
        try {
            call();
            FAIL() << "not refused";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), kind);
            EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
        }
    }

    FakeRuntime& machine_ = fake_runtime();
    std::unique_ptr<GpuStreams> streams_;
    cudaStream_t user_ = nullptr;
};

TEST_F(UserStreams, APointPassesWithWhatWasPutThereBeforeIt) {
    hold_stream(user_, true);
    const auto point = streams_->record(user_);
    EXPECT_FALSE(point->passed());
    hold_stream(user_, false);
    EXPECT_TRUE(point->passed());
    EXPECT_EQ(point->failure(), "");
}

TEST_F(UserStreams, TheLegacyStreamIsAStreamLikeAnother) {
    hold_stream(nullptr, true);
    const auto point = streams_->record(nullptr);
    EXPECT_FALSE(point->passed());
    hold_stream(nullptr, false);
    EXPECT_TRUE(point->passed());
}

TEST_F(UserStreams, WaitingHoldsBackWhatComesAfter) {
    const cudaStream_t other = make_user_stream();
    hold_stream(other, true);
    const auto point = streams_->record(other);
    streams_->wait(user_, *point);
    bool ran = false;
    put_work(user_, [&] { ran = true; });
    EXPECT_FALSE(ran);
    hold_stream(other, false);
    EXPECT_TRUE(ran);
}

TEST_F(UserStreams, ACapturingStreamIsRefusedByName) {
    machine_.streams[user_].capturing = true;
    expect_error(ErrorKind::misuse, "captures a graph", [&] { static_cast<void>(streams_->record(user_)); });
    expect_error(ErrorKind::misuse, "captures a graph", [&] { streams_->refuse_capture(user_); });
    const auto point = streams_->record(nullptr);
    expect_error(ErrorKind::misuse, "captures a graph", [&] { streams_->wait(user_, *point); });
    EXPECT_TRUE(machine_.streams[user_].waiting.empty()) << "nothing was put into it";
    machine_.streams[user_].capturing = false;
}

TEST_F(UserStreams, ACaptureElsewhereSurvives) {
    const cudaStream_t capturing = make_user_stream();
    machine_.streams[capturing].capturing = true;
    hold_stream(user_, true);
    const auto point = streams_->record(user_);
    EXPECT_FALSE(point->passed());
    streams_->wait(nullptr, *point);
    hold_stream(user_, false);
    EXPECT_TRUE(point->passed());
    EXPECT_EQ(machine_.killed_captures, 0u);
    EXPECT_EQ(fake_thread().capture_mode, cudaStreamCaptureModeGlobal) << "the thread's mode is as it was";
}

TEST_F(UserStreams, TheCallersContextStaysCurrent) {
    void* const own = &machine_;
    fake_thread().context = own;
    const auto point = streams_->record(user_);
    EXPECT_EQ(fake_thread().context, own);
    streams_->wait(user_, *point);
    EXPECT_EQ(fake_thread().context, own);
    machine_.fail_call["cudaEventRecord"] = cudaErrorInvalidResourceHandle;
    expect_error(ErrorKind::bad_argument, "living stream", [&] { static_cast<void>(streams_->record(user_)); });
    EXPECT_EQ(fake_thread().context, own);
}

TEST_F(UserStreams, AskingForAPointLeavesTheContextToo) {
    // Of a thread that has none: the runtime would give it that of device 0.
    fake_thread().context = nullptr;
    hold_stream(user_, true);
    const auto point = streams_->record(user_);
    EXPECT_FALSE(point->passed());
    EXPECT_EQ(fake_thread().context, nullptr);
    hold_stream(user_, false);
    EXPECT_TRUE(point->passed());
    EXPECT_EQ(fake_thread().context, nullptr);
}

TEST_F(UserStreams, AContextThatCannotBeEnteredIsToldByTheCall) {
    hold_stream(user_, true);
    const auto point = streams_->record(user_);
    for (const char* call : {"cuCtxPushCurrent", "cuThreadExchangeStreamCaptureMode"}) {
        machine_.fail_call = {{call, cudaErrorECCUncorrectable}};
        expect_error(ErrorKind::environment, call, [&] { static_cast<void>(streams_->record(user_)); });
        expect_error(ErrorKind::environment, call, [&] { streams_->refuse_capture(user_); });
        EXPECT_TRUE(fake_thread().pushed.empty()) << call;
    }
    EXPECT_TRUE(point->passed()) << "nobody will ever know";
    EXPECT_NE(point->failure().find("cuThreadExchangeStreamCaptureMode"), std::string::npos) << point->failure();
    machine_.fail_call.clear();
    hold_stream(user_, false);
}

TEST_F(UserStreams, AnotherErrorIsToldByName) {
    machine_.fail_call["cudaEventRecord"] = cudaErrorECCUncorrectable;
    expect_error(ErrorKind::environment, "cudaErrorECCUncorrectable",
                 [&] { static_cast<void>(streams_->record(user_)); });
}

TEST_F(UserStreams, AnErrorOfTheStreamIsThePointsFailure) {
    hold_stream(user_, true);
    const auto point = streams_->record(user_);
    kill_gpu(cudaErrorECCUncorrectable);
    EXPECT_TRUE(point->passed()) << "it will never come";
    EXPECT_NE(point->failure().find("cudaErrorECCUncorrectable"), std::string::npos);
}

TEST_F(UserStreams, EventsAreUsedAgain) {
    const int made = machine_.open_events;
    for (int i = 0; i < 1000; ++i) static_cast<void>(streams_->record(user_));
    EXPECT_EQ(machine_.open_events, made);
}

TEST_F(UserStreams, MakingThemFailsByName) {
    streams_.reset();
    machine_.fail_call["cudaEventCreateWithFlags"] = cudaErrorMemoryAllocation;
    expect_error(ErrorKind::environment, "cudaErrorMemoryAllocation", [] { const GpuStreams streams(fake_context()); });
}

}  // namespace
}  // namespace remit::gpu::test
