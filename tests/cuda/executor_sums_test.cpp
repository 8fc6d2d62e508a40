// Checksums by the executor of a GPU, on the fake runtime: in launches of their own, between copies, and when one fails.

#include "fake_runtime.hpp"
#include "host/copy_executor.hpp"
#include "kernels/kernels.hpp"
#include "sum_reference.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>
#include <vector>

namespace remit::gpu::test {
namespace {

using memory::Stretch;
using memory::Ticket;

class ExecutorSums : public ::testing::Test {
protected:
    void SetUp() override {
        reset_fake_runtime();
        machine_.run_kernels = true;
    }
    void TearDown() override {
        executor_.reset();
        EXPECT_TRUE(machine_.memory.empty()) << "memory is left";
        EXPECT_EQ(machine_.retained, 0) << "a context is held";
        EXPECT_EQ(machine_.astray, std::vector<std::string>{});
    }
    [[nodiscard]] static ExecutorSettings settings(std::uint32_t slots = 8) {
        ExecutorSettings settings;
        settings.launcher.context = fake_context();
        settings.slots = slots;
        settings.sums = true;
        return settings;
    }
    void open(const ExecutorSettings& settings) {
        const char* call = nullptr;
        ASSERT_EQ(GpuCopyExecutor::create(settings, executor_, call), cudaSuccess) << call;
        executor_->bind();
    }
    [[nodiscard]] Ticket reckon(const std::vector<Stretch>& stretches, std::size_t sums = 1) {
        return executor_->reckon(stretches, sums);
    }
    [[nodiscard]] Stretch stretch(std::uint64_t from, std::uint64_t bytes, std::uint32_t sum) const {
        return {reinterpret_cast<std::uintptr_t>(data_.data()) + from, bytes, sum};
    }
    [[nodiscard]] std::uint32_t expected(std::initializer_list<std::pair<std::size_t, std::size_t>> parts) const {
        JoinedSum sum;
        for (const auto& [from, bytes] : parts) sum.add(remainder_of(data_.data() + from, bytes), bytes);
        return sum.value();
    }

    FakeRuntime& machine_ = fake_runtime();
    std::unique_ptr<GpuCopyExecutor> executor_;
    std::vector<std::uint8_t> data_ = random_bytes(1 << 20, 5);
};

TEST_F(ExecutorSums, OfSeveralRunsAndOfNone) {
    open(settings());
    const Ticket ticket = reckon({stretch(3, 1000, 0), stretch(5000, 200000, 0), stretch(70, 9, 2)}, 3);
    ASSERT_TRUE(executor_->done(ticket));
    EXPECT_EQ(machine_.launches.size(), 1u);
    EXPECT_EQ(machine_.launches[0].kernel, sum_kernel());
    EXPECT_EQ(machine_.launches[0].threads, SumShape::threads);
    const std::vector<std::uint32_t> wanted{expected({{3, 1000}, {5000, 200000}}), 0, expected({{70, 9}})};
    EXPECT_EQ(executor_->take_sums(ticket), wanted);
    EXPECT_TRUE(executor_->take_sums(ticket).empty()) << "taken once";
}

TEST_F(ExecutorSums, OfMoreLotsThanALaunchTakesAndMoreLaunchesThanSlots) {
    open(settings(2));
    std::vector<Stretch> stretches;
    for (std::uint64_t i = 0; i < 3 * SumBatch::capacity + 5; ++i) stretches.push_back(stretch(i * 11, 11, 0));
    const Ticket ticket = reckon(stretches);
    ASSERT_TRUE(executor_->done(ticket));
    EXPECT_EQ(machine_.launches.size(), 4u);
    EXPECT_EQ(executor_->take_sums(ticket), std::vector<std::uint32_t>{expected({{0, stretches.size() * 11}})});
}

TEST_F(ExecutorSums, ComeBehindTheCopiesBeforeThem) {
    open(settings());
    const std::vector<memory::Copy> copies{{stretch(0, 0, 0).address, 0, 4096}};
    const Ticket copied = executor_->submit(copies, stretch(500000, 0, 0).address);
    const Ticket summed = reckon({stretch(500000, 4096, 0)});
    ASSERT_TRUE(executor_->done(summed));
    EXPECT_TRUE(executor_->done(copied));
    EXPECT_EQ(executor_->take_sums(summed), std::vector<std::uint32_t>{expected({{0, 4096}})});
}

TEST_F(ExecutorSums, AreNotDoneBeforeTheirWord) {
    open(settings());
    const Ticket first = reckon({stretch(0, 16, 0)});
    ASSERT_TRUE(executor_->done(first));
    const cudaStream_t stream = machine_.launches.back().stream;
    hold_stream(stream, true);
    const Ticket held = reckon({stretch(16, 16, 0)});
    EXPECT_FALSE(executor_->done(held));
    hold_stream(stream, false);
    EXPECT_TRUE(executor_->done(held));
    EXPECT_EQ(executor_->take_sums(held), std::vector<std::uint32_t>{expected({{16, 16}})});
    EXPECT_EQ(executor_->take_sums(first), std::vector<std::uint32_t>{expected({{0, 16}})});
}

TEST_F(ExecutorSums, ALaunchThatFailsSaysSoAndEndsAll) {
    open(settings(1));
    machine_.fail_kernel = sum_kernel();
    std::vector<Stretch> stretches;
    for (std::uint64_t i = 0; i < 2 * SumBatch::capacity; ++i) stretches.push_back(stretch(i * 32, 1, 0));
    const Ticket ticket = reckon(stretches);
    EXPECT_TRUE(executor_->done(ticket));
    EXPECT_NE(executor_->failure().find("launching a checksum kernel"), std::string::npos) << executor_->failure();
    EXPECT_EQ(executor_->take_sums(ticket).size(), 1u);
    EXPECT_TRUE(executor_->done(reckon(stretches)));
}

TEST_F(ExecutorSums, EachCallThatFailsAtTheBeginningLeavesNothing) {
    int failed = 0;
    while (executor_ == nullptr && failed < 100) {
        reset_fake_runtime();
        const ExecutorSettings wanted = settings();
        machine_.fail_at = machine_.calls + failed;
        const char* call = nullptr;
        if (GpuCopyExecutor::create(wanted, executor_, call) == cudaSuccess) break;
        EXPECT_TRUE(machine_.memory.empty()) << call;
        ++failed;
    }
    machine_.fail_at = -1;
    EXPECT_GT(failed, 10);
    EXPECT_NE(executor_, nullptr);
}

TEST_F(ExecutorSums, WithoutMemoryForThemAreRefused) {
    ExecutorSettings without = settings();
    without.sums = false;
    open(without);
    EXPECT_TRUE(executor_->done(reckon({stretch(0, 16, 0)})));
    EXPECT_NE(executor_->failure().find("not made for them"), std::string::npos);
}

}  // namespace
}  // namespace remit::gpu::test
