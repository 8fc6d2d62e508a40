// Every way that bytes take between two GPUs' memories, every byte compared.

#include "gpu_pair.hpp"

namespace remit::worker::test {
namespace {

using Paths = GpuPair;

TEST_F(Paths, OverADmabufFromBlocksAndTensorsIntoASink) {
    Pair& pair = start();
    EXPECT_EQ(pair.embedding().data_path().memory, "cuda:0");
    EXPECT_EQ(pair.embedding().data_path().gpu_direct, "dmabuf");
    EXPECT_EQ(pair.embedding().data_path().gather, "kernel");
    EXPECT_EQ(pair.language().data_path().gpu_direct, "dmabuf");
    pair.expect_transfer({1, 2000}, 1024);
    pair.expect_transfer({2, 2000, 2}, 1024, Into::sink, From::contiguous);
    EXPECT_GE(launches(), 6u) << "a gather and a scatter a round, and the aux";
}

TEST_F(Paths, OverADmabufIntoKeptBlocks) {
    Pair& pair = start();
    pair.expect_transfer({1, 2000}, 1024, Into::kept);
    pair.expect_transfer({2, 1}, 1024, Into::kept, From::contiguous);
}

TEST_F(Paths, StagedFromBlocksAndTensorsIntoASink) {
    Pair& pair = start(device_memory(GpuDirect::staged));
    EXPECT_EQ(pair.embedding().data_path().gpu_direct, "staged");
    EXPECT_EQ(pair.language().data_path().gpu_direct, "staged");
    pair.expect_transfer({1, 2000}, 1024);
    pair.expect_transfer({2, 2000, 2}, 1024, Into::sink, From::contiguous);
}

TEST_F(Paths, StagedIntoKeptBlocksEndsInTheBlocks) {
    // What the user reads is not what the NIC wrote: a copy joins the two before Success.
    Pair& pair = start(device_memory(GpuDirect::staged));
    pair.expect_transfer({1, 2000}, 1024, Into::kept);
    pair.expect_transfer({2, 500, 2}, 1024, Into::kept);
}

TEST_F(Paths, WithoutADmabufItIsStagedUnlessForced) {
    fake_gpu().exports_dmabuf = false;
    Pair& pair = start();
    // Memory of the CPU is what peer memory of the fake is: the loopback fabric takes its address.
    EXPECT_TRUE(pair.language().data_path().gpu_direct == "staged" || pair.language().data_path().gpu_direct == "peermem");
    pair.expect_transfer({1, 2000}, 1024);
    EXPECT_THROW(start(device_memory(GpuDirect::dmabuf)), Error);
}

/// Staged, a block's embeddings go by the copy engines, which leave the SMs to the model; where the NIC reaches the pool
/// nothing crosses PCIe, and the kernel copies.
TEST_F(Paths, WhatCrossesPcieInLargePiecesGoesByTheCopyEngines) {
    options_.embedding_layout = options_.language_layout =
        Layout::multimodal({.block_size = 64, .hidden = 2048, .dtype = DType::bf16});
    for (const GpuDirect direct : {GpuDirect::staged, GpuDirect::automatic}) {
        Pair& pair = start(device_memory(direct));
        const bool staged = direct == GpuDirect::staged;
        EXPECT_EQ(pair.embedding().data_path().gather, staged ? "engines" : "kernel");
        EXPECT_EQ(pair.language().data_path().gather, staged ? "engines" : "kernel");
        const std::size_t before = calls_of("cudaMemcpyBatchAsync");
        pair.expect_transfer({1, 700}, 256);
        pair.expect_transfer({2, 700, 2}, 256, Into::kept);
        pair.expect_transfer({3, 700, 3}, 256, Into::sink, From::contiguous);
        if (staged) {
            EXPECT_GT(calls_of("cudaMemcpyBatchAsync"), before + 5);
        } else {
            EXPECT_EQ(calls_of("cudaMemcpyBatchAsync"), before);
        }
        pair_.reset();
    }
}

TEST_F(Paths, PinnedMemory) {
    MemoryOptions memory;
    memory.kind = MemoryKind::pinned;
    Pair& pair = start(memory);
    EXPECT_EQ(pair.embedding().data_path().memory, "pinned:0");
    EXPECT_EQ(pair.embedding().data_path().gpu_direct, "none");
    EXPECT_EQ(pair.embedding().data_path().gather, "kernel");
    pair.expect_transfer({1, 2000}, 1024);
    pair.expect_transfer({2, 2000, 2}, 1024, Into::kept);
}

TEST_F(Paths, FromDeviceToHostMemoryAndBack) {
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    pair_->expect_transfer({1, 2000}, 1024);
    pair_.reset();
    options_.embedding.memory = {};
    options_.language.memory = device_memory(GpuDirect::staged);
    pair_ = std::make_unique<Pair>(options_);
    pair_->expect_transfer({2, 2000}, 1024);
}

TEST_F(Paths, ManyRoomsThroughFewBlocks) { expect_many_rooms_through_few_blocks(); }

TEST_F(Paths, BlocksOfDifferentSizesAndRoundsThatEndInside) {
    options_.embedding_layout = small_layout(80);
    options_.language_layout = small_layout(112);
    Pair& pair = start();
    pair.expect_transfer({1, 3001}, 200);
    pair.expect_transfer({2, 3001, 2}, 200, Into::kept, From::contiguous);
}

TEST_F(Paths, PiecesInPlaceWhereAskedFor) {
    options_.embedding.gather = Gather::never;
    Pair& pair = start();
    EXPECT_EQ(pair.embedding().data_path().gather, "none");
    pair.expect_transfer({1, 2000}, 1024);
}

TEST_F(Paths, BudgetAndPriorityReachTheLaunch) {
    MemoryOptions memory = device_memory();
    memory.sm_budget = 3;
    memory.stream_priority = -2;
    Layout::Shape wide;
    wide.hidden = 4096;
    options_.embedding_layout = options_.language_layout = Layout::multimodal(wide);
    options_.embedding_blocks = options_.language_blocks = 16;
    Pair& pair = start(memory);
    EXPECT_EQ(gpu::test::fake_runtime().stream_priority, -2);
    pair.expect_transfer({1, 600}, 600);
    const std::lock_guard lock(gpu::test::fake_runtime_mutex());
    unsigned most = 0;
    for (const gpu::test::Launch& launch : gpu::test::fake_runtime().launches) most = std::max(most, launch.blocks);
    EXPECT_EQ(most, 3u);
}

TEST_F(Paths, OptionsOutOfRangeAreNamed) {
    MemoryOptions memory = device_memory();
    memory.sm_budget = 65537;
    expect_error([&] { start(memory); }, ErrorKind::bad_argument, {"memory.sm_budget", "65537", "65536"});
    memory = device_memory();
    memory.device = -1;
    expect_error([&] { start(memory); }, ErrorKind::bad_argument, {"memory.device", "-1"});
    memory = device_memory();
    memory.stream_priority = 1000;
    expect_error([&] { start(memory); }, ErrorKind::bad_argument, {"memory.stream_priority", "1000"});
}

TEST_F(Paths, NoFlushWhereTheCompletionSaysEnough) {
    Pair& pair = start();
    pair.expect_transfer({1, 2000}, 1024);
    EXPECT_EQ(fake_gpu().flushes, 0);
}

TEST_F(Paths, OneFlushARoundBeforeItsScatter) {
    fake_gpu().visibility = memory::Visibility::after_flush;
    Pair& pair = start();
    pair.expect_transfer({1, 2000}, 1024);
    EXPECT_GE(fake_gpu().flushes, 1);
    EXPECT_LE(fake_gpu().flushes, 2) << "two rounds";
    // The gather of the first round, its flush, then the copy of the aux, the scatter.
    ASSERT_FALSE(fake_gpu().launches_at_flush.empty());
    EXPECT_GE(fake_gpu().launches_at_flush.front(), 1u);
    EXPECT_LT(fake_gpu().launches_at_flush.back(), launches());
}

TEST_F(Paths, NoFlushOfTheDeviceForPinnedMemoryInItsPlace) {
    fake_gpu().visibility = memory::Visibility::after_flush;
    Pair& pair = start(device_memory(GpuDirect::staged));
    pair.expect_transfer({1, 2000}, 1024);
    EXPECT_EQ(fake_gpu().flushes, 0);
}

TEST_F(Paths, AReadOfOwnMemoryWhereNothingElsePromises) {
    fake_gpu().visibility = memory::Visibility::after_read_back;
    Pair& pair = start();
    pair.expect_transfer({1, 2000}, 1024);
    pair.expect_transfer({2, 4000, 2}, 512, Into::kept);
    EXPECT_EQ(fake_gpu().flushes, 0);
}

TEST_F(Paths, AWorkerOfHostMemoryTouchesNoGpu) {
    pair_ = std::make_unique<Pair>();
    pair_->expect_transfer({1, 2000}, 1024);
    EXPECT_EQ(pair_->embedding().data_path().memory, "host");
    EXPECT_EQ(pair_->embedding().data_path().gpu_direct, "none");
    EXPECT_EQ(pair_->embedding().data_path().gather, "cpu");
    EXPECT_TRUE(gpu::test::fake_runtime().log.empty());
}

TEST_F(Paths, TheDefaultBudgetIsForEachRailAndOneThatWasNamedForTheWorker) {
    const auto most_blocks = [] {
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        unsigned most = 0;
        for (const gpu::test::Launch& launch : gpu::test::fake_runtime().launches) most = std::max(most, launch.blocks);
        return most;
    };
    options_.embedding_layout = options_.language_layout = Layout::multimodal({.block_size = 128, .hidden = 512});
    struct {
        std::uint32_t rails, named;
        unsigned expected;
    } const cases[] = {{1, 0, 8}, {2, 0, 16}, {2, 5, 5}};
    for (const auto& [rails, named, expected] : cases) {
        pair_.reset();
        reset_fake_gpu();
        options_.embedding.fabric.loopback_rails = options_.language.fabric.loopback_rails = rails;
        MemoryOptions memory = device_memory();
        memory.sm_budget = named;
        start(memory).expect_transfer({1, 4000}, 4000);
        EXPECT_EQ(most_blocks(), expected) << rails << " rails";
    }
}

}  // namespace
}  // namespace remit::worker::test
