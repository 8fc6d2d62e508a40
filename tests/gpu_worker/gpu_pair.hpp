#pragma once

#include "fake_gpu.hpp"
#include "fake_runtime.hpp"
#include "pair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace remit::worker::test {

/// Memory of the first GPU.
[[nodiscard]] inline MemoryOptions device_memory(GpuDirect direct = GpuDirect::automatic) {
    MemoryOptions memory;
    memory.kind = MemoryKind::cuda;
    memory.gpu_direct = direct;
    return memory;
}

/// Both workers with memory of a GPU, made by start(); at the end nothing of the GPU may be left.
class GpuPair : public ::testing::Test {
protected:
    void SetUp() override { reset_fake_gpu(); }
    void TearDown() override {
        pair_.reset();
        EXPECT_TRUE(gpu::test::fake_runtime().memory.empty()) << "memory for launches is left";
        EXPECT_EQ(gpu::test::fake_runtime().open_streams, 0) << "a stream is left";
        EXPECT_EQ(gpu::test::fake_runtime().open_events, 0) << "an event is left";
        EXPECT_EQ(gpu::test::fake_runtime().retained, 0) << "a context is held";
        EXPECT_EQ(gpu::test::fake_runtime().astray, std::vector<std::string>{}) << "in a context of the user's";
        EXPECT_EQ(fake_gpu().buffers, 0) << "a buffer is left";
    }

    Pair& start(MemoryOptions memory = device_memory()) {
        PairOptions options = options_;
        options.embedding.memory = options.language.memory = memory;
        pair_ = std::make_unique<Pair>(options);
        return *pair_;
    }
    /// Six rooms at once through a pool of eight blocks.
    void expect_many_rooms_through_few_blocks() {
        options_.language_blocks = 8;
        Pair& pair = start();
        std::vector<std::unique_ptr<Incoming>> incoming;
        std::vector<std::unique_ptr<Outgoing>> outgoing;
        for (RoomId room = 1; room <= 6; ++room) {
            incoming.emplace_back(new Incoming(pair.receive(room, 512)));
            outgoing.emplace_back(new Outgoing(pair.send({room, 700 + 300 * room})));
        }
        for (RoomId room = 1; room <= 6; ++room) {
            incoming[room - 1]->expect_success({room, 700 + 300 * room});
            outgoing[room - 1]->expect_success();
        }
    }
    /// Streams of the executors in the order in which they were made: the embedding worker's, the language worker's,
    /// where both have one. Before the test makes streams of its own.
    [[nodiscard]] static cudaStream_t first_stream() { return executor_stream(0); }
    [[nodiscard]] static cudaStream_t second_stream() { return executor_stream(1); }
    [[nodiscard]] static std::size_t launches() {
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        return gpu::test::fake_runtime().launches.size();
    }
    [[nodiscard]] static std::size_t calls_of(const std::string& name) {
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        const auto& log = gpu::test::fake_runtime().log;
        return static_cast<std::size_t>(std::count(log.begin(), log.end(), name));
    }

    PairOptions options_;
    std::unique_ptr<Pair> pair_;

private:
    [[nodiscard]] static cudaStream_t executor_stream(std::ptrdiff_t number) {
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        return std::next(gpu::test::fake_runtime().streams.begin(), number)->first;
    }
};

}  // namespace remit::worker::test
