#pragma once

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <string>

namespace remit::gpu {

/// "cudaEventQuery: cudaErrorECCUncorrectable (214): uncorrectable ECC error encountered".
[[nodiscard]] inline std::string error_text(const char* call, cudaError_t status) {
    return std::string(call) + ": " + cudaGetErrorName(status) + " (" + std::to_string(static_cast<int>(status)) +
           "): " + cudaGetErrorString(status);
}

/// The runtime's name of an error of the driver: both have had the same numbers since CUDA 10.1.
[[nodiscard]] constexpr cudaError_t runtime_error(CUresult error) noexcept {
    return static_cast<cudaError_t>(error);
}
static_assert(runtime_error(CUDA_ERROR_ECC_UNCORRECTABLE) == cudaErrorECCUncorrectable);
static_assert(runtime_error(CUDA_ERROR_CONTEXT_IS_DESTROYED) == cudaErrorContextIsDestroyed);
static_assert(runtime_error(CUDA_ERROR_OUT_OF_MEMORY) == cudaErrorMemoryAllocation);

}  // namespace remit::gpu
