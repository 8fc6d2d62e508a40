#include "bench/gemm.hpp"

#include <cuda_bf16.h>
#include <mma.h>

namespace remit::gpu::bench {
namespace {

constexpr int kSide = 4096;
constexpr int kTile = 128;  // of C for each block
constexpr int kDepth = 32;  // of A and B in shared memory at once
constexpr int kWarps = 8;   // 2 by 4, each with 64 by 32 of C
constexpr int kPad = 8;     // keeps rows of the tiles in different banks

using namespace nvcuda;
using FragmentA = wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major>;
using FragmentB = wmma::fragment<wmma::matrix_b, 16, 16, 16, __nv_bfloat16, wmma::row_major>;
using FragmentC = wmma::fragment<wmma::accumulator, 16, 16, 16, float>;

/// Brings rows x columns of a matrix into shared memory, 16 bytes a thread and step.
template <int kRows, int kColumns>
__device__ void load_tile(const __nv_bfloat16* from, __nv_bfloat16 (*to)[kColumns + kPad]) {
    for (int i = static_cast<int>(threadIdx.x) * 8; i < kRows * kColumns; i += kWarps * 32 * 8) {
        const int row = i / kColumns;
        const int column = i % kColumns;
        *reinterpret_cast<uint4*>(&to[row][column]) = *reinterpret_cast<const uint4*>(&from[row * kSide + column]);
    }
}

__device__ void multiply(const __nv_bfloat16 (*a)[kDepth + kPad], const __nv_bfloat16 (*b)[kTile + kPad], int row,
                         int column, FragmentC (&sum)[4][2]) {
    for (int k = 0; k < kDepth; k += 16) {
        FragmentA left[4];
        FragmentB right[2];
        for (int i = 0; i < 4; ++i) wmma::load_matrix_sync(left[i], &a[row + 16 * i][k], kDepth + kPad);
        for (int j = 0; j < 2; ++j) wmma::load_matrix_sync(right[j], &b[k][column + 16 * j], kTile + kPad);
        for (int i = 0; i < 4; ++i) {
            for (int j = 0; j < 2; ++j) wmma::mma_sync(sum[i][j], left[i], right[j], sum[i][j]);
        }
    }
}

__global__ void __launch_bounds__(kWarps * 32) gemm(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c) {
    __shared__ __align__(16) __nv_bfloat16 left[kTile][kDepth + kPad];
    __shared__ __align__(16) __nv_bfloat16 right[kDepth][kTile + kPad];
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int row = warp / 4 * 64;
    const int column = warp % 4 * 32;
    const int block_row = static_cast<int>(blockIdx.y) * kTile;
    const int block_column = static_cast<int>(blockIdx.x) * kTile;
    FragmentC sum[4][2];
    for (auto& line : sum) {
        for (auto& each : line) wmma::fill_fragment(each, 0.0f);
    }
    for (int k = 0; k < kSide; k += kDepth) {
        load_tile<kTile, kDepth>(a + block_row * kSide + k, left);
        load_tile<kDepth, kTile>(b + k * kSide + block_column, right);
        __syncthreads();
        multiply(left, right, row, column, sum);
        __syncthreads();
    }
    for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 2; ++j) {
            float* to = c + (block_row + row + 16 * i) * kSide + block_column + column + 16 * j;
            wmma::store_matrix_sync(to, sum[i][j], kSide, wmma::mem_row_major);
        }
    }
}

}  // namespace

Gemm::Gemm()
    : a_(std::size_t{kSide} * kSide * sizeof(__nv_bfloat16)),
      b_(std::size_t{kSide} * kSide * sizeof(__nv_bfloat16)),
      c_(std::size_t{kSide} * kSide * sizeof(float)) {
    // Zeros: the values do not matter, but power does, which is why nothing is claimed of absolute times.
    check(cudaMemset(a_.data(), 0, std::size_t{kSide} * kSide * sizeof(__nv_bfloat16)), "cudaMemset");
    check(cudaMemset(b_.data(), 0, std::size_t{kSide} * kSide * sizeof(__nv_bfloat16)), "cudaMemset");
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
}

void Gemm::enqueue(cudaStream_t stream) const {
    constexpr dim3 grid(kSide / kTile, kSide / kTile);
    gemm<<<grid, kWarps * 32, 0, stream>>>(reinterpret_cast<const __nv_bfloat16*>(a_.data()),
                                           reinterpret_cast<const __nv_bfloat16*>(b_.data()),
                                           reinterpret_cast<float*>(c_.data()));
    check(cudaGetLastError(), "gemm");
}

}  // namespace remit::gpu::bench
