#include "kernels/copy_batch.cuh"
#include "kernels/kernels.hpp"

namespace remit::gpu {

template <class Shape>
__global__ void __launch_bounds__(Shape::threads, kResidentBlocks)
    copy_small(const __grid_constant__ SmallBatch batch) {
    device::copy_batch<Shape>(batch);
}

const void* small_copy_kernel() noexcept {
    return reinterpret_cast<const void*>(&copy_small<CopyShape>);
}

}  // namespace remit::gpu
