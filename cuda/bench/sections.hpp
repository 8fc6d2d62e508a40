#pragma once

#include "bench/json.hpp"
#include "bench/options.hpp"

#include <cuda_runtime.h>

namespace remit::gpu::bench {

/// Each measures one part of the table and adds it to the JSON object that is open.
void add_device(const cudaDeviceProp& device, Json& json);
void add_ratios(const Options& options, const cudaDeviceProp& device, Json& json);   ///< against the baselines
void add_budgets(const Options& options, const cudaDeviceProp& device, Json& json);  ///< GB/s against blocks
void add_gemm(const Options& options, const cudaDeviceProp& device, Json& json);     ///< slowdown of a GEMM beside
void add_latency(const Options& options, const cudaDeviceProp& device, Json& json);  ///< from launch to word
/// GB/s of the kernel that sums, against what copies take and what a wire brings.
void add_sums(const Options& options, const cudaDeviceProp& device, Json& json);
/// Kernels on pinned host memory against the copy engines.
void add_staged(const Options& options, const cudaDeviceProp& device, Json& json);

}  // namespace remit::gpu::bench
