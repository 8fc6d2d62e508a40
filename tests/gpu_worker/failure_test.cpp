// A GPU that goes away: the rooms fail with its error, the process and the workers live.

#include "gpu_pair.hpp"

namespace remit::worker::test {
namespace {

using gpu::test::fake_runtime;
using gpu::test::fake_runtime_mutex;
using gpu::test::hold_stream;
using gpu::test::kill_gpu;

class GpuFailure : public GpuPair {
protected:
    static void fail_launches(cudaError_t error) {
        const std::lock_guard lock(fake_runtime_mutex());
        fake_runtime().fail_call["cudaLaunchKernelExC"] = error;
    }
    static void revive() {
        const std::lock_guard lock(fake_runtime_mutex());
        fake_runtime().dead = cudaSuccess;
        fake_runtime().fail_call.clear();
    }
};

TEST_F(GpuFailure, AGatherThatCannotBeLaunchedFailsItsSendWithTheErrorsNameAndText) {
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    fail_launches(cudaErrorMemoryAllocation);
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 1500});
    outgoing.expect_failed("cudaErrorMemoryAllocation");
    EXPECT_NE(outgoing.send().reason().find("gather"), std::string::npos) << outgoing.send().reason();
    incoming.expect_failed("cudaErrorMemoryAllocation");
    revive();
    // What may not have been copied once is not trusted again: later ones fail at once, with the same words.
    const Incoming next = pair_->receive(2, 1024);
    const Outgoing late = pair_->send({2, 1500});
    late.expect_failed("cudaErrorMemoryAllocation");
    next.expect_failed("cudaErrorMemoryAllocation");
}

TEST_F(GpuFailure, AGpuThatDiesUnderAGatherIsNoticedThoughItsWordNeverComes) {
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    hold_stream(first_stream(), true);
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 900});
    // One round of one chunk: nothing else is launched that could tell.
    ASSERT_TRUE(comes_true([] { return launches() > 0; }));
    kill_gpu(cudaErrorECCUncorrectable);
    outgoing.expect_failed("cudaErrorECCUncorrectable");
    EXPECT_EQ(outgoing.send().reason().find("launching"), std::string::npos) << "it was launched before";
    incoming.expect_failed("uncorrectable ECC error encountered");
    revive();
}

TEST_F(GpuFailure, AGatherThatIsLateAndComesIsNoFailure) {
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    hold_stream(first_stream(), true);
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 1500});
    ASSERT_TRUE(comes_true([] { return calls_of("cudaEventQuery") > 2; })) << "a late launch is asked about";
    EXPECT_FALSE(is_final(outgoing.send().poll()));
    hold_stream(first_stream(), false);
    incoming.expect_success({1, 1500});
    outgoing.expect_success();
}

TEST_F(GpuFailure, AScatterThatCannotBeLaunchedFailsItsRoomAndEveryLaterOne) {
    options_.language.memory = device_memory(GpuDirect::staged);
    pair_ = std::make_unique<Pair>(options_);
    pair_->expect_transfer({1, 1500}, 1024);
    fail_launches(cudaErrorMemoryAllocation);
    const Incoming incoming = pair_->receive(2, 1024);
    const Outgoing outgoing = pair_->send({2, 1500});
    incoming.expect_failed("cudaErrorMemoryAllocation");
    EXPECT_NE(incoming.reception().reason().find("is dead"), std::string::npos) << incoming.reception().reason();
    revive();
    const Incoming later = pair_->receive(3, 1024);
    later.expect_failed("the pool in cuda:0 (fake) is dead");
    expect_whole(pair_->language());
}

TEST_F(GpuFailure, AGpuThatDiesUnderAScatterFailsEveryRoomOfItsWorker) {
    options_.language.memory = device_memory(GpuDirect::staged);
    pair_ = std::make_unique<Pair>(options_);
    hold_stream(first_stream(), true);
    const Incoming incoming = pair_->receive(1, 1024);
    const Incoming waiting = pair_->receive(2, 1024);
    // One round: nothing else is launched that could tell before the copy is asked about, and no byte of it has moved.
    const Outgoing outgoing = pair_->send({1, 900});
    ASSERT_TRUE(comes_true([] { return launches() > 0; }));
    kill_gpu(cudaErrorECCUncorrectable);
    incoming.expect_failed("cudaErrorECCUncorrectable");
    waiting.expect_failed("cudaErrorECCUncorrectable");
    revive();
}

TEST_F(GpuFailure, AFlushThatFailsFailsTheRoomBeforeItsScatter) {
    fake_gpu().visibility = memory::Visibility::after_flush;
    fake_gpu().flush_error = "cuFlushGPUDirectRDMAWrites: CUDA_ERROR_UNKNOWN (999)";
    options_.language.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 900});
    incoming.expect_failed("cuFlushGPUDirectRDMAWrites");
    EXPECT_EQ(launches(), 0u) << "nothing is scattered that may not be there";
    pair_->receive(2, 1024).expect_failed("is dead");
}

TEST_F(GpuFailure, AStreamThatDiesFailsTheSendThatWaitsForIt) {
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    const cudaStream_t user = gpu::test::make_user_stream();
    hold_stream(user, true);
    const Tensors tensors(small_layout(), 700);
    const std::vector<void*> addresses = tensors.addresses();
    const Incoming incoming = pair_->receive(1, 1024);
    SendOptions options;
    options.stream = Stream(user);
    const Send send =
        pair_->embedding().send(1, ContiguousSource{{addresses.begin(), addresses.end()}}, 700, {}, options);
    ASSERT_TRUE(comes_true([] { return calls_of("cudaEventQuery") > 0; }));
    kill_gpu(cudaErrorECCUncorrectable);
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Failed);
    EXPECT_NE(send.reason().find("cudaErrorECCUncorrectable"), std::string::npos) << send.reason();
    incoming.expect_failed("stream");
    revive();
}

TEST_F(GpuFailure, MemoryThatTheGpuCannotReadIsRefusedAtSend) {
    Pair& pair = start();
    const Tensors tensors(small_layout(), 700);
    const std::vector<void*> addresses = tensors.addresses();
    fake_gpu().unreachable_from = reinterpret_cast<std::uintptr_t>(addresses[1]);
    fake_gpu().unreachable_to = fake_gpu().unreachable_from + 1;
    expect_error(
        [&] {
            pair.embedding().send(1, ContiguousSource{{addresses.begin(), addresses.end()}}, 700);
        },
        ErrorKind::bad_argument, {"the source's tensor", "pageable"});
    pair.expect_transfer({1, 700}, 1024);
}

TEST_F(GpuFailure, ASinkThatTheGpuCannotWriteFailsItsRoomByName) {
    Pair& pair = start();
    const Tensors tensors(small_layout(), 700);
    ReceiveOptions options;
    options.into = [&](std::uint64_t) {
        fake_gpu().unreachable_from = reinterpret_cast<std::uintptr_t>(tensors.addresses()[0]);
        fake_gpu().unreachable_to = fake_gpu().unreachable_from + 1;
        return SinkTensors{tensors.addresses()};
    };
    const Reception room = pair.language().receive(1, pair.endpoint(), options);
    const Outgoing outgoing = pair.send({1, 700});
    EXPECT_EQ(room.wait_for(scaled(30'000)), Status::Failed);
    EXPECT_NE(room.reason().find("the sink's tensor"), std::string::npos) << room.reason();
    EXPECT_LE(launches(), 2u) << "the gather, perhaps the aux, no scatter";
}

TEST_F(GpuFailure, AWorkerThatCannotBeMadeLeavesNothing) {
    for (const char* call :
         {"cudaStreamCreateWithPriority", "cudaMalloc", "cudaHostAlloc", "cudaEventCreateWithFlags"}) {
        {
            const std::lock_guard lock(fake_runtime_mutex());
            fake_runtime().fail_call = {{call, cudaErrorMemoryAllocation}};
        }
        EXPECT_THROW(start(), Error) << call;
        EXPECT_EQ(fake_gpu().buffers, 0) << call;
        EXPECT_EQ(fake_runtime().open_streams + fake_runtime().open_events, 0) << call;
        EXPECT_TRUE(fake_runtime().memory.empty()) << call;
    }
    revive();
}

}  // namespace
}  // namespace remit::worker::test
