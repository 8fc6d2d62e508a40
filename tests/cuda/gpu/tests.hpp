#pragma once

#include <vector>

namespace remit::gpu::test {

struct GpuTest {
    const char* name;
    void (*run)(bool small);  ///< throws what went wrong
};

[[nodiscard]] const std::vector<GpuTest>& all_gpu_tests();

}  // namespace remit::gpu::test
