// The kernels on a GPU, against the model that the CPU tests use. No test framework: a machine with a GPU may have
// nothing but the CUDA toolkit. Exit status: 0 all passed, 1 not all, 2 misuse, 3 there is no GPU.
#include "gpu/tests.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace {

using remit::gpu::test::GpuTest;

/// What went wrong, or nothing.
std::string problem_of(const GpuTest& test, bool small) {
    try {
        test.run(small);
    } catch (const std::exception& error) {
        return error.what();
    }
    const cudaError_t sticky = cudaDeviceSynchronize();
    return sticky == cudaSuccess ? "" : std::string("an error came late: ") + cudaGetErrorString(sticky);
}

bool has(const std::string& name, const std::string& text) {
    return name.find(text) != std::string::npos;
}

bool run(const GpuTest& test, bool small) {
    const std::string problem = problem_of(test, small);
    if (problem.empty()) {
        std::printf("ok      %s\n", test.name);
    } else {
        std::printf("FAILED  %s: %s\n", test.name, problem.c_str());
    }
    std::fflush(stdout);
    return problem.empty();
}

}  // namespace

int main(int argc, char** argv) {
    bool small = false;
    std::string only;
    std::vector<std::string> skipped;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--small") == 0) {
            small = true;
        } else if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            only = argv[++i];
        } else if (std::strcmp(argv[i], "--skip") == 0 && i + 1 < argc) {
            skipped.emplace_back(argv[++i]);
        } else {
            std::fprintf(stderr,
                         "usage: remit_gpu_test [--small] [--only TEXT] [--skip TEXT]...\n"
                         "  --small: few and small cases, for compute-sanitizer; --only, --skip: tests with, without TEXT in "
                         "their name\n");
            return 2;
        }
    }
    int devices = 0;
    const cudaError_t status = cudaGetDeviceCount(&devices);
    if (status != cudaSuccess || devices == 0) {
        std::printf("no GPU: %s\n", status == cudaSuccess ? "none is visible" : cudaGetErrorString(status));
        return 3;
    }
    int failed = 0;
    for (const auto* tests : {&remit::gpu::test::kernel_gpu_tests(), &remit::gpu::test::sum_gpu_tests(), &remit::gpu::test::path_gpu_tests()}) {
        for (const GpuTest& test : *tests) {
            if (!has(test.name, only) || std::any_of(skipped.begin(), skipped.end(), [&](const std::string& text) {
                    return has(test.name, text);
                })) {
                continue;
            }
            failed += run(test, small) ? 0 : 1;
        }
    }
    std::printf("%d tests failed\n", failed);
    return failed == 0 ? 0 : 1;
}
