#include "host/launcher.hpp"

#include "fake_runtime.hpp"
#include "kernels/kernels.hpp"
#include "kernels/work.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace remit::gpu::test {
namespace {

constexpr std::uint32_t kListCapacity = 4000;

std::vector<memory::Copy> copies_of(std::uint64_t count, std::uint64_t bytes = 64) {
    std::vector<memory::Copy> copies;
    for (std::uint64_t i = 0; i < count; ++i) copies.push_back({65536 + 4096 * i, bytes * i, bytes});
    return copies;
}

class Launcher : public ::testing::Test {
protected:
    void SetUp() override { reset_fake_runtime(); }
    void TearDown() override {
        launcher_.reset();
        slots_.release();
        EXPECT_TRUE(machine_.memory.empty()) << "memory is left";
        EXPECT_EQ(machine_.open_streams, 0) << "a stream is left";
        EXPECT_EQ(machine_.retained, 0) << "a context is held";
    }

    cudaError_t open(LauncherOptions options = {}, int device = 0) {
        options.context = fake_context(device);
        const cudaError_t status = CopyLauncher::create(options, launcher_);
        return status != cudaSuccess ? status : slots_.create(3, kListCapacity);
    }
    const Launch& launch(std::uint64_t count, std::uint64_t bytes = 64) {
        EXPECT_EQ(launcher_->launch(copies_of(count, bytes), 1 << 20, slots_[1], 7), cudaSuccess);
        return machine_.launches.back();
    }

    FakeRuntime& machine_ = fake_runtime();
    std::unique_ptr<CopyLauncher> launcher_;
    LaunchSlots slots_;
};

TEST_F(Launcher, PiecesTravelInParametersWhileTheyFit) {
    ASSERT_EQ(open(), cudaSuccess);
    EXPECT_EQ(launch(1).kernel, small_copy_kernel());
    EXPECT_EQ(launch(253).kernel, small_copy_kernel());
    EXPECT_EQ(launch(254).kernel, large_copy_kernel());
    EXPECT_EQ(launch(2044).kernel, large_copy_kernel());
    EXPECT_EQ(launch(2045).kernel, list_copy_kernel());
    EXPECT_EQ(launch(2046).kernel, list_copy_kernel());
    EXPECT_EQ(launch(kListCapacity).kernel, list_copy_kernel());
}

TEST_F(Launcher, AnOldDriverGetsNoLargeParameters) {
    machine_.driver = 12000;
    ASSERT_EQ(open(), cudaSuccess);
    EXPECT_EQ(launcher_->inline_capacity(), 253u);
    EXPECT_EQ(launch(253).kernel, small_copy_kernel());
    EXPECT_EQ(launch(254).kernel, list_copy_kernel());
}

TEST_F(Launcher, OneLaunchWhateverTheNumberOfPieces) {
    ASSERT_EQ(open(), cudaSuccess);
    for (const std::uint64_t count : {0u, 1u, 300u, 3000u}) {
        machine_.launches.clear();
        const Launch& made = launch(count);
        EXPECT_EQ(machine_.launches.size(), 1u);
        EXPECT_EQ(made.pieces.size(), count);
        EXPECT_EQ(made.header.sequence, 7u);
        EXPECT_EQ(made.header.progress, slots_[1].progress);
        EXPECT_EQ(made.header.ticket, slots_[1].ticket);
    }
}

TEST_F(Launcher, PiecesArriveAsTheyWereGiven) {
    ASSERT_EQ(open(), cudaSuccess);
    for (const std::uint64_t count : {200u, 2000u, 3000u}) {
        const Launch& made = launch(count, 100);
        for (std::uint32_t i = 0; i < count; ++i) {
            const PieceView piece = view_of(made.header, made.pieces.data(), i);
            ASSERT_EQ(piece.source + piece.head, 65536u + 4096 * i);
            ASSERT_EQ(piece.destination + piece.head, (1u << 20) + 100 * i);
        }
    }
}

TEST_F(Launcher, TheGridKeepsToTheBudget) {
    ASSERT_EQ(open({.context = {}, .block_budget = 5}), cudaSuccess);
    EXPECT_EQ(launch(1, 100).blocks, 1u);
    EXPECT_EQ(launch(1, 3 * 32768).blocks, 3u);
    EXPECT_EQ(launch(1, 100 * 32768).blocks, 5u);
    EXPECT_EQ(launch(0).blocks, 1u);
    EXPECT_EQ(launch(1).threads, CopyShape::threads);
}

TEST_F(Launcher, RefusesABudgetOfNothing) {
    EXPECT_EQ(CopyLauncher::create({.context = fake_context(), .block_budget = 0}, launcher_), cudaErrorInvalidValue);
}

TEST_F(Launcher, TheStreamWaitsForNoOtherAndHasItsPriority) {
    ASSERT_EQ(open({.context = {}, .priority = -3}), cudaSuccess);
    EXPECT_EQ(machine_.stream_flags, unsigned{cudaStreamNonBlocking});
    EXPECT_EQ(machine_.stream_priority, -3);
    EXPECT_EQ(launch(1).stream, launcher_->stream());
}

TEST_F(Launcher, PrioritiesAreBroughtIntoTheDevicesRange) {
    ASSERT_EQ(open({.context = {}, .priority = -100}), cudaSuccess);
    EXPECT_EQ(machine_.stream_priority, -5);
    ASSERT_EQ(CopyLauncher::create({.context = fake_context(), .priority = 100}, launcher_), cudaSuccess);
    EXPECT_EQ(machine_.stream_priority, 0);
}

TEST_F(Launcher, NewerDevicesLaunchInTheRemoteDomain) {
    ASSERT_EQ(open(), cudaSuccess);
    EXPECT_TRUE(launch(1).remote_domain);
}

TEST_F(Launcher, OlderDevicesHaveNoDomains) {
    machine_.compute_major = 8;
    ASSERT_EQ(open(), cudaSuccess);
    EXPECT_FALSE(launch(1).remote_domain);
}

TEST_F(Launcher, LeavesTheCallersContextCurrent) {
    // No primary one: cudaSetDevice() could not bring it back.
    void* const own = &machine_;
    fake_thread().context = own;
    ASSERT_EQ(CopyLauncher::create({.context = fake_context(1)}, launcher_), cudaSuccess);
    EXPECT_EQ(fake_thread().context, own);
    launcher_.reset();
    EXPECT_EQ(fake_thread().context, own);
    machine_.fail_call["cudaStreamCreateWithPriority"] = cudaErrorUnknown;
    EXPECT_EQ(CopyLauncher::create({.context = fake_context(1)}, launcher_), cudaErrorUnknown);
    EXPECT_EQ(fake_thread().context, own);
    EXPECT_EQ(fake_thread().capture_mode, cudaStreamCaptureModeGlobal);
    EXPECT_EQ(machine_.astray, std::vector<std::string>{}) << "in a context of the caller's";
}

TEST_F(Launcher, ItsThreadCannotKillACapture) {
    ASSERT_EQ(open({}, 1), cudaSuccess);
    ASSERT_EQ(launcher_->bind_thread(), cudaSuccess);
    EXPECT_EQ(fake_thread().capture_mode, cudaStreamCaptureModeRelaxed);
    EXPECT_EQ(fake_thread().context, primary_context(1));
}

TEST_F(Launcher, WhatCannotBePackedIsNotLaunched) {
    ASSERT_EQ(open(), cudaSuccess);
    const std::vector<memory::Copy> wraps = {{65536, ~std::uint64_t{0}, 64}};
    EXPECT_EQ(launcher_->launch(wraps, 1 << 20, slots_[0], 1), cudaErrorInvalidValue);
    EXPECT_EQ(launcher_->launch(copies_of(kListCapacity + 1), 1 << 20, slots_[0], 1), cudaErrorInvalidValue);
    EXPECT_TRUE(machine_.launches.empty());
}

TEST_F(Launcher, TheHotPathTakesNoMemoryAndWaitsForNothing) {
    ASSERT_EQ(open(), cudaSuccess);
    machine_.log.clear();
    launch(1);
    launch(2000);
    EXPECT_EQ(machine_.log, (std::vector<std::string>{"cudaLaunchKernelExC", "cudaLaunchKernelExC"}));
    machine_.log.clear();
    launch(3000);
    EXPECT_EQ(machine_.log, (std::vector<std::string>{"cudaMemcpyAsync", "cudaLaunchKernelExC"}));
}

TEST_F(Launcher, AFailedLaunchIsTold) {
    ASSERT_EQ(open(), cudaSuccess);
    machine_.fail_at = machine_.calls;
    EXPECT_EQ(launcher_->launch(copies_of(1), 1 << 20, slots_[0], 1), cudaErrorUnknown);
    machine_.fail_at = machine_.calls;
    EXPECT_EQ(launcher_->launch(copies_of(3000), 1 << 20, slots_[0], 1), cudaErrorUnknown);
    EXPECT_EQ(machine_.failed_call, "cudaMemcpyAsync");
    EXPECT_TRUE(machine_.launches.empty());
}

TEST_F(Launcher, EveryCallMayFailAndNothingIsLost) {
    const auto context = fake_context();
    const auto open_on = [&] {
        const cudaError_t status = CopyLauncher::create({.context = context}, launcher_);
        return status != cudaSuccess ? status : slots_.create(3, kListCapacity);
    };
    machine_.calls = 0;
    ASSERT_EQ(open_on(), cudaSuccess);
    const int calls = machine_.calls;
    ASSERT_GT(calls, 10);
    for (int i = 0; i < calls; ++i) {
        launcher_.reset();
        slots_.release();
        reset_fake_runtime();
        machine_.retained = 1;
        machine_.fail_at = i;
        ASSERT_NE(open_on(), cudaSuccess) << machine_.failed_call;
        EXPECT_EQ(slots_.size(), 0u);
        launcher_.reset();
        EXPECT_TRUE(machine_.memory.empty()) << machine_.failed_call;
        EXPECT_EQ(machine_.open_streams, 0) << machine_.failed_call;
    }
}

TEST_F(Launcher, WordsLieOnLinesOfTheirOwn) {
    ASSERT_EQ(open(), cudaSuccess);
    const auto address = [this](std::uint32_t i) { return reinterpret_cast<std::uintptr_t>(slots_[i].progress); };
    EXPECT_EQ(address(0) % 128, 0u);
    EXPECT_EQ(address(1) - address(0), 128u);
    EXPECT_EQ(address(2) - address(1), 128u);
}

TEST_F(Launcher, SlotsStartAtNothingAndListsAreTheirOwn) {
    ASSERT_EQ(open(), cudaSuccess);
    EXPECT_TRUE(machine_.legacy_stream_waited) << "a non-blocking stream does not wait for the memset";
    for (std::uint32_t i = 0; i < 3; ++i) {
        EXPECT_EQ(slots_.progress(i), 0u);
        EXPECT_EQ(*slots_[i].ticket, 0u);
    }
    EXPECT_EQ(slots_[1].list_host - slots_[0].list_host, std::ptrdiff_t{kListCapacity});
    EXPECT_EQ(slots_[1].list_device - slots_[0].list_device, std::ptrdiff_t{kListCapacity});
}

TEST_F(Launcher, WordsAreMappedAndNeverWriteCombined) {
    ASSERT_EQ(open(), cudaSuccess);
    const unsigned flags = machine_.host_flags[slots_[0].progress];
    EXPECT_NE(flags & cudaHostAllocMapped, 0u);
    EXPECT_NE(flags & cudaHostAllocPortable, 0u);
    EXPECT_EQ(flags & cudaHostAllocWriteCombined, 0u);
}

TEST_F(Launcher, TheDevicesAddressOfAWordIsAskedFor) {
    machine_.word_alias_distance = 1 << 30;
    ASSERT_EQ(open(), cudaSuccess);
    EXPECT_EQ(launch(1).header.progress, slots_[1].progress);
    EXPECT_EQ(slots_.progress(1), 0u) << "the host reads through its own address";
}

TEST_F(Launcher, SlotsWithoutListsRefuseWhatDoesNotFitParameters) {
    ASSERT_EQ(open(), cudaSuccess);
    ASSERT_EQ(slots_.create(2, 0), cudaSuccess);
    EXPECT_EQ(launcher_->launch(copies_of(2044), 1 << 20, slots_[0], 1), cudaSuccess);
    EXPECT_EQ(launcher_->launch(copies_of(2045), 1 << 20, slots_[0], 1), cudaErrorInvalidValue);
}

}  // namespace
}  // namespace remit::gpu::test
