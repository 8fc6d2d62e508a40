#pragma once

#include "bench/device.hpp"

namespace remit::gpu::bench {

/// A matrix product on tensor cores that stands for the model: C = A * B, bf16 in, fp32 out, 4096 on each side.
/// Not the fastest there is, but it keeps every SM busy and reads through L2 as such kernels do.
class Gemm {
public:
    Gemm();
    void enqueue(cudaStream_t stream) const;

private:
    Buffer a_;
    Buffer b_;
    Buffer c_;
};

}  // namespace remit::gpu::bench
