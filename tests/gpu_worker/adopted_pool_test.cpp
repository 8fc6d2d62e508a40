// Pools in memory that a framework owns: registered, filled and read like a worker's own, and never freed by it.

#include "gpu_pair.hpp"

#include <remit/tensor_memory.hpp>

namespace remit::worker::test {
namespace {

constexpr std::uint32_t kBlocks = 64;

class AdoptedPool : public GpuPair {
protected:
    void SetUp() override {
        GpuPair::SetUp();
        framework_ = std::make_unique<TensorMemory>(device_memory());
        options_.embedding_blocks = options_.language_blocks = kBlocks;
        bytes_ = pool_bytes(small_layout(), kBlocks);
    }
    void TearDown() override {
        pair_.reset();
        framework_.reset();
        GpuPair::TearDown();
    }
    [[nodiscard]] MemoryOptions in(void* pool, std::size_t bytes, GpuDirect direct = GpuDirect::automatic) const {
        MemoryOptions memory = device_memory(direct);
        memory.pool = pool;
        memory.pool_size = bytes;
        return memory;
    }
    /// Both pools in memory of the framework, which begins at no page of its own.
    Pair& begin(GpuDirect direct = GpuDirect::automatic) {
        source_ = framework_->allocate(bytes_ + kOffset);
        destination_ = framework_->allocate(bytes_ + kOffset);
        options_.embedding.memory = in(static_cast<std::byte*>(source_) + kOffset, bytes_, direct);
        options_.language.memory = in(static_cast<std::byte*>(destination_) + kOffset, bytes_, direct);
        pair_ = std::make_unique<Pair>(options_);
        return *pair_;
    }

    static constexpr std::size_t kOffset = 256;
    std::unique_ptr<TensorMemory> framework_;
    std::size_t bytes_ = 0;
    void* source_ = nullptr;
    void* destination_ = nullptr;
};

TEST_F(AdoptedPool, MovesEveryByteAndIsLeftToItsOwner) {
    Pair& pair = begin();
    EXPECT_EQ(pair.embedding().data_path().gpu_direct, "dmabuf");
    EXPECT_EQ(pair.language().data_path().gpu_direct, "dmabuf");
    const auto* const row = pair.embedding().pool().row(0, 0, 0, 0);
    EXPECT_EQ(row, static_cast<std::byte*>(source_) + kOffset) << "the blocks lie in it";
    pair.expect_transfer({1, 2000}, 1024);
    pair.expect_transfer({2, 1500}, 1024, Into::kept);
    const int buffers = fake_gpu().buffers;
    pair_.reset();
    EXPECT_LT(fake_gpu().buffers, buffers) << "send regions and the like are gone";
    EXPECT_GE(fake_gpu().buffers, 2) << "the framework's memory is not";
    framework_->free(source_);
    framework_->free(destination_);
}

TEST_F(AdoptedPool, Staged) {
    Pair& pair = begin(GpuDirect::staged);
    EXPECT_EQ(pair.language().data_path().gpu_direct, "staged");
    pair.expect_transfer({1, 2000}, 1024);
    pair.expect_transfer({2, 1500}, 1024, Into::kept);
}

TEST_F(AdoptedPool, MemoryThatMustNotBeRegisteredIsStaged) {
    fake_gpu().gather_only = "memory of a CUDA memory pool that is not capable of GPUDirect RDMA";
    Pair& pair = begin();
    EXPECT_EQ(pair.embedding().data_path().gpu_direct, "staged");
    EXPECT_EQ(pair.language().data_path().gpu_direct, "staged");
    pair.expect_transfer({1, 2000}, 1024);
    pair.expect_transfer({2, 1500}, 1024, Into::kept);
}

TEST_F(AdoptedPool, OneThatWasFreedIsRefusedBeforeAnythingBegins) {
    Pair& pair = begin();
    const BlockTable table = pair.embedding().pool().allocate(100);
    reallocate(source_);
    expect_error([&] { pair.embedding().send(1, table, 100); }, ErrorKind::misuse, {"was freed", "until the worker is gone"});
    pair.embedding().pool().free(table);
    reallocate(destination_);
    ReceiveOptions receive;
    receive.into = KeepBlocks{};
    expect_error([&] { static_cast<void>(pair.language().receive(1, pair.endpoint(), receive)); }, ErrorKind::misuse,
                 {"was freed"});
}

TEST_F(AdoptedPool, WhatCannotBeOneIsRefusedByName) {
    std::byte mine[64] = {};
    void* const memory = framework_->allocate(bytes_);
    const auto make = [&](const MemoryOptions& memory_options) {
        options_.embedding.memory = memory_options;
        pair_ = std::make_unique<Pair>(options_);
    };
    expect_error([&] { make(in(memory, bytes_ - 1)); }, ErrorKind::bad_argument, {std::to_string(bytes_)});
    expect_error([&] { make(in(memory, 0)); }, ErrorKind::bad_argument, {"pool_size"});
    expect_error([&] { make(in(nullptr, bytes_)); }, ErrorKind::bad_argument, {"memory.pool"});
    expect_error([&] { make(in(mine, bytes_)); }, ErrorKind::bad_argument, {"cuda:0"});
    MemoryOptions host = in(memory, bytes_);
    host.kind = MemoryKind::host;
    expect_error([&] { make(host); }, ErrorKind::bad_argument, {"kind host", "kind cuda"});
}

}  // namespace
}  // namespace remit::worker::test
