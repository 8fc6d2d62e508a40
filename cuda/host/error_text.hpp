#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace remit::gpu {

/// "cudaEventQuery: cudaErrorECCUncorrectable (214): uncorrectable ECC error encountered".
[[nodiscard]] inline std::string error_text(const char* call, cudaError_t status) {
    return std::string(call) + ": " + cudaGetErrorName(status) + " (" + std::to_string(static_cast<int>(status)) +
           "): " + cudaGetErrorString(status);
}

}  // namespace remit::gpu
