#pragma once

#include "host/copy_executor.hpp"

#include "fake_runtime.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace remit::gpu::test {

/// An executor on the fake runtime, and memory that it copies between. At the end nothing of the GPU may be left.
class ExecutorScene : public ::testing::Test {
protected:
    explicit ExecutorScene(std::size_t bytes) : source_(bytes), destination_(bytes, 0xee) {}
    void SetUp() override {
        reset_fake_runtime();
        machine_.run_kernels = true;
        std::iota(source_.begin(), source_.end(), std::uint8_t{1});
    }
    void TearDown() override {
        executor_.reset();
        EXPECT_TRUE(machine_.memory.empty()) << "memory is left";
        EXPECT_EQ(machine_.open_streams, 0) << "a stream is left";
        EXPECT_EQ(machine_.open_events, 0) << "an event is left";
        EXPECT_EQ(machine_.retained, 0) << "a context is held";
        EXPECT_EQ(machine_.astray, std::vector<std::string>{});
    }

    void open(const ExecutorSettings& settings) {
        const char* call = nullptr;
        ASSERT_EQ(GpuCopyExecutor::create(settings, executor_, call), cudaSuccess) << call;
        executor_->bind();
    }
    memory::Ticket submit(const std::vector<memory::Copy>& copies) {
        return executor_->submit(copies, reinterpret_cast<std::uintptr_t>(destination_.data()));
    }
    [[nodiscard]] memory::Copy piece(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) const {
        return {reinterpret_cast<std::uintptr_t>(source_.data()) + from, to, bytes};
    }
    [[nodiscard]] bool arrived(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) const {
        return std::memcmp(source_.data() + from, destination_.data() + to, bytes) == 0;
    }

    FakeRuntime& machine_ = fake_runtime();
    std::unique_ptr<GpuCopyExecutor> executor_;
    std::vector<std::uint8_t> source_;
    std::vector<std::uint8_t> destination_;
};

}  // namespace remit::gpu::test
