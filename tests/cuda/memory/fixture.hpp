#pragma once

#include "fake_driver.hpp"

#include "memory/cuda_memory.hpp"

#include <gtest/gtest.h>
#include <remit/error.hpp>

#include <memory>
#include <string>

namespace remit::gpu::test {

class FakeStreams final : public memory::Streams {
public:
    std::shared_ptr<memory::StreamPoint> record(memory::StreamHandle) override { return nullptr; }
    void wait(memory::StreamHandle, memory::StreamPoint&) override {}
    void refuse_capture(memory::StreamHandle) override {}
};

inline RuntimeParts no_runtime() {
    return {[](const RuntimeParts::Context&, const memory::ExecutorOptions&) { return nullptr; },
            [](const RuntimeParts::Context&) { return std::make_unique<FakeStreams>(); }};
}

inline std::unique_ptr<CudaMemory> open(const MemoryOptions& options = {.kind = MemoryKind::cuda}) {
    return std::make_unique<CudaMemory>(fake_driver(), options, no_runtime());
}

inline const void* pointer(std::uint64_t address) {
    return reinterpret_cast<const void*>(address);
}

/// The kind and the words of the Error that `body` throws; "" where it throws none.
template <class Body>
std::string refusal(ErrorKind kind, Body body) {
    try {
        body();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.what();
        return error.what();
    }
    return {};
}

inline void expect_words(const std::string& text, const std::vector<std::string>& words) {
    for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << text;
}

class CudaMemoryTest : public testing::Test {
protected:
    void SetUp() override { reset_fake(); }
};

}  // namespace remit::gpu::test
