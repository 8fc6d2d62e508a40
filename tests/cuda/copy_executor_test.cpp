#include "executor_scene.hpp"

#include <algorithm>

namespace remit::gpu::test {
namespace {

using memory::Copy;
using memory::Ticket;

ExecutorSettings on_the_fake() {
    ExecutorSettings settings;
    settings.launcher.context = fake_context();
    return settings;
}

/// Late at once, so that no test waits.
ExecutorSettings impatient() {
    ExecutorSettings settings = on_the_fake();
    settings.late_after = settings.query_period = std::chrono::nanoseconds(0);
    return settings;
}

class Executor : public ExecutorScene {
protected:
    Executor() : ExecutorScene(1 << 16) {}
    void open(const ExecutorSettings& settings = on_the_fake()) { ExecutorScene::open(settings); }
    cudaStream_t stream() { return machine_.launches.back().stream; }
};

TEST_F(Executor, TheDefaultBudgetIsForEachNicAndOneThatWasNamedForAll) {
    const auto budget = [](std::uint32_t named, std::uint32_t nics) {
        memory::ExecutorOptions options;
        options.block_budget = named;
        options.nics = nics;
        return executor_settings(fake_context(), options).launcher.block_budget;
    };
    EXPECT_EQ(budget(0, 1), kDefaultBlockBudget);
    EXPECT_EQ(budget(0, 4), 4 * kDefaultBlockBudget);
    EXPECT_EQ(budget(5, 1), 5u);
    EXPECT_EQ(budget(5, 4), 5u);
    memory::ExecutorOptions options;
    options.nics = 2;
    open(executor_settings(fake_context(), options));
    std::vector<Copy> much(64, piece(0, 0, 1 << 16));
    submit(much);
    EXPECT_EQ(machine_.launches.back().blocks, 2 * kDefaultBlockBudget);
}

TEST_F(Executor, ABatchIsOneLaunchAndEndsWithItsWord) {
    open();
    const Ticket ticket = submit({piece(5, 11, 1000), piece(3000, 2000, 77)});
    EXPECT_EQ(machine_.launches.size(), 1u);
    EXPECT_TRUE(executor_->done(ticket));
    EXPECT_TRUE(arrived(5, 11, 1000) && arrived(3000, 2000, 77));
    EXPECT_EQ(executor_->failure(), "");
}

TEST_F(Executor, NoCallOfCudaBesideTheLaunch) {
    open();
    submit({piece(0, 0, 16)});
    machine_.log.clear();
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(executor_->done(submit({piece(0, 0, 4096)})));
    EXPECT_EQ(std::count(machine_.log.begin(), machine_.log.end(), "cudaLaunchKernelExC"), 50);
    EXPECT_EQ(machine_.log.size(), 50u);
}

TEST_F(Executor, ABatchIsNotDoneBeforeItsKernel) {
    open();
    submit({piece(0, 0, 16)});
    hold_stream(stream(), true);
    const Ticket ticket = submit({piece(0, 100, 300)});
    EXPECT_FALSE(executor_->done(ticket));
    EXPECT_FALSE(executor_->late());
    hold_stream(stream(), false);
    EXPECT_TRUE(executor_->done(ticket));
    EXPECT_TRUE(arrived(0, 100, 300));
}

TEST_F(Executor, BatchesBeyondTheSlotsWaitAndEndInOrder) {
    ExecutorSettings settings = on_the_fake();
    settings.slots = 2;
    open(settings);
    submit({piece(0, 0, 16)});
    ASSERT_TRUE(executor_->done(1));
    hold_stream(stream(), true);
    std::vector<Ticket> tickets;
    for (std::uint64_t i = 0; i < 7; ++i) tickets.push_back(submit({piece(100 * i, 1000 * i, 100)}));
    EXPECT_EQ(machine_.launches.size(), 3u) << "two slots";
    EXPECT_TRUE(executor_->launched(tickets[1]));
    EXPECT_FALSE(executor_->launched(tickets[2]));
    hold_stream(stream(), false);
    EXPECT_TRUE(executor_->done(tickets.back()));
    for (const Ticket ticket : tickets) EXPECT_TRUE(executor_->done(ticket));
    for (std::uint64_t i = 0; i < 7; ++i) EXPECT_TRUE(arrived(100 * i, 1000 * i, 100)) << i;
}

TEST_F(Executor, MorePiecesThanALaunchHoldsAreCut) {
    ExecutorSettings settings = on_the_fake();
    settings.slots = 2;
    settings.list_capacity = 0;
    open(settings);
    std::vector<Copy> copies;
    for (std::uint64_t i = 0; i < 2 * 2044 + 1; ++i) copies.push_back(piece(8 * i, 8 * i, 8));
    const Ticket ticket = submit(copies);
    EXPECT_TRUE(executor_->done(ticket));
    EXPECT_EQ(machine_.launches.size(), 3u);
    EXPECT_TRUE(arrived(0, 0, 8 * copies.size()));
}

TEST_F(Executor, ListsReachTheDeviceWithTheirLaunch) {
    ExecutorSettings settings = on_the_fake();
    settings.list_capacity = 3000;
    open(settings);
    submit({piece(0, 0, 8)});
    hold_stream(stream(), true);
    std::vector<Copy> copies;
    for (std::uint64_t i = 0; i < 3000; ++i) copies.push_back(piece(16 * i, 8 * i, 8));
    const Ticket ticket = submit(copies);
    EXPECT_FALSE(executor_->done(ticket));
    hold_stream(stream(), false);
    ASSERT_TRUE(executor_->done(ticket));
    for (std::uint64_t i = 0; i < 3000; ++i) ASSERT_TRUE(arrived(16 * i, 8 * i, 8)) << i;
}

TEST_F(Executor, ACopyLongerThanALaunchIsCut) {
    ExecutorSettings settings = on_the_fake();
    settings.launch_bytes = 4096;
    open(settings);
    const Ticket ticket = submit({piece(3, 5, 100), piece(7, 1000, 20000), {0, 30000, 9000}});
    std::memset(destination_.data() + 30000, 0xff, 9000);
    while (!executor_->done(ticket)) {
    }
    EXPECT_GE(machine_.launches.size(), 8u);
    EXPECT_TRUE(arrived(3, 5, 100) && arrived(7, 1000, 20000));
}

TEST_F(Executor, AnEmptyBatchEndsWithTheOneBeforeIt) {
    open();
    submit({piece(0, 0, 16)});
    hold_stream(stream(), true);
    submit({piece(0, 0, 16)});
    const Ticket empty = submit({});
    EXPECT_FALSE(executor_->done(empty)) << "batches end in order";
    hold_stream(stream(), false);
    EXPECT_TRUE(executor_->done(empty));
    EXPECT_EQ(machine_.launches.size(), 2u);
}

TEST_F(Executor, ALateBatchIsAskedAboutAndNoOther) {
    open(impatient());
    submit({piece(0, 0, 16)});
    ASSERT_TRUE(executor_->done(1));
    hold_stream(stream(), true);
    const Ticket ticket = submit({piece(0, 0, 16)});
    machine_.log.clear();
    EXPECT_FALSE(executor_->done(ticket));
    EXPECT_FALSE(executor_->done(ticket));
    EXPECT_TRUE(executor_->late());
    EXPECT_EQ(machine_.log.front(), "cudaEventRecord");
    EXPECT_EQ(std::count(machine_.log.begin(), machine_.log.end(), "cudaEventRecord"), 1);
    EXPECT_EQ(std::count(machine_.log.begin(), machine_.log.end(), "cudaEventQuery"), 2);
    hold_stream(stream(), false);
    EXPECT_TRUE(executor_->done(ticket));
    EXPECT_FALSE(executor_->late());
    EXPECT_EQ(executor_->failure(), "");
}

TEST_F(Executor, QuestionsAreSlow) {
    ExecutorSettings settings = impatient();
    settings.query_period = std::chrono::hours(1);
    open(settings);
    submit({piece(0, 0, 16)});
    ASSERT_TRUE(executor_->done(1));
    hold_stream(stream(), true);
    const Ticket ticket = submit({piece(0, 0, 16)});
    machine_.log.clear();
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(executor_->done(ticket));
    EXPECT_EQ(std::count(machine_.log.begin(), machine_.log.end(), "cudaEventQuery"), 1);
}

TEST_F(Executor, AContextThatIsGoneIsToldWithItsErrorsName) {
    open(impatient());
    submit({piece(0, 0, 16)});
    hold_stream(stream(), true);
    const Ticket ticket = submit({piece(0, 0, 16)});
    kill_gpu(cudaErrorECCUncorrectable);
    EXPECT_TRUE(executor_->done(ticket)) << "nothing runs any more";
    EXPECT_NE(executor_->failure().find("cudaErrorECCUncorrectable"), std::string::npos) << executor_->failure();
    EXPECT_NE(executor_->failure().find("uncorrectable ECC error encountered"), std::string::npos);
    EXPECT_TRUE(executor_->done(submit({piece(0, 0, 16)}))) << "later ones end at once";
    EXPECT_FALSE(executor_->launched(ticket + 1));
    EXPECT_EQ(executor_->mark(), nullptr);
}

TEST_F(Executor, AFailedLaunchFailsAllThatFollow) {
    open();
    machine_.fail_call["cudaLaunchKernelExC"] = cudaErrorMemoryAllocation;
    const Ticket ticket = submit({piece(0, 0, 16)});
    EXPECT_TRUE(executor_->done(ticket));
    EXPECT_NE(executor_->failure().find("cudaErrorMemoryAllocation"), std::string::npos) << executor_->failure();
    machine_.fail_call.clear();
    EXPECT_TRUE(executor_->done(submit({piece(0, 0, 16)})));
    EXPECT_TRUE(machine_.launches.empty()) << "a failure is sticky";
}

TEST_F(Executor, AfterAFailureMemoryIsHeldWhileACopyRuns) {
    open();
    submit({piece(0, 0, 16)});
    hold_stream(stream(), true);
    const Ticket running = submit({piece(0, 0, 16)});
    machine_.fail_call["cudaLaunchKernelExC"] = cudaErrorMemoryAllocation;
    const Ticket failed = submit({piece(0, 0, 16)});
    EXPECT_FALSE(executor_->done(running));
    EXPECT_FALSE(executor_->done(failed)) << "batches end in order";
    hold_stream(stream(), false);
    EXPECT_TRUE(executor_->done(running));
    EXPECT_TRUE(executor_->done(failed));
}

TEST_F(Executor, AWordThatIsLostIsNotWaitedForForEver) {
    machine_.lose_words = true;
    open(impatient());
    const Ticket ticket = submit({piece(0, 0, 16)});
    EXPECT_TRUE(executor_->done(ticket));
    EXPECT_NE(executor_->failure().find("progress word"), std::string::npos) << executor_->failure();
}

TEST_F(Executor, MarksStandBehindWhatIsLaunched) {
    open();
    submit({piece(0, 0, 16)});
    hold_stream(stream(), true);
    submit({piece(0, 0, 16)});
    const auto point = executor_->mark();
    ASSERT_NE(point, nullptr);
    EXPECT_FALSE(point->passed());
    hold_stream(stream(), false);
    EXPECT_TRUE(point->passed());
    EXPECT_EQ(point->failure(), "");
}

TEST_F(Executor, ThePointsOutliveTheirExecutor) {
    open();
    submit({piece(0, 0, 16)});
    const auto point = executor_->mark();
    executor_.reset();
    EXPECT_TRUE(point->passed());
}

TEST_F(Executor, ItsEndWaitsForWhatRuns) {
    open();
    submit({piece(0, 0, 16)});
    hold_stream(stream(), true);
    submit({piece(0, 200, 500)});
    executor_.reset();
    EXPECT_TRUE(arrived(0, 200, 500));
}

TEST_F(Executor, BindingThatFailsIsTold) {
    open();
    machine_.fail_call["cudaSetDevice"] = cudaErrorECCUncorrectable;
    executor_->bind();
    EXPECT_NE(executor_->failure().find("cudaErrorECCUncorrectable"), std::string::npos);
    machine_.fail_call.clear();
}

TEST_F(Executor, MakingItLeavesTheContextAndNothingElse) {
    void* const own = &machine_;
    fake_thread().context = own;
    const char* call = nullptr;
    ExecutorSettings settings = on_the_fake();
    machine_.calls = 0;
    ASSERT_EQ(GpuCopyExecutor::create(settings, executor_, call), cudaSuccess);
    EXPECT_EQ(fake_thread().context, own);
    const int calls = machine_.calls;
    for (int i = 0; i < calls; ++i) {
        executor_.reset();
        reset_fake_runtime();
        machine_.retained = 1;
        fake_thread().context = own;
        machine_.fail_at = i;
        ASSERT_NE(GpuCopyExecutor::create(settings, executor_, call), cudaSuccess) << machine_.failed_call;
        EXPECT_NE(call, nullptr);
        EXPECT_EQ(fake_thread().capture_mode, cudaStreamCaptureModeGlobal) << machine_.failed_call;
        EXPECT_EQ(fake_thread().context, own) << machine_.failed_call;
        EXPECT_TRUE(machine_.memory.empty()) << machine_.failed_call;
        EXPECT_EQ(machine_.open_streams + machine_.open_events, 0) << machine_.failed_call;
    }
}

}  // namespace
}  // namespace remit::gpu::test
