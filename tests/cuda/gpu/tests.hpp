#pragma once

#include <vector>

namespace remit::gpu::test {

struct GpuTest {
    const char* name;
    void (*run)(bool small);  ///< throws what went wrong
};

[[nodiscard]] const std::vector<GpuTest>& kernel_gpu_tests();
[[nodiscard]] const std::vector<GpuTest>& sum_gpu_tests();
[[nodiscard]] const std::vector<GpuTest>& path_gpu_tests();  ///< of what stands on the kernels

}  // namespace remit::gpu::test
