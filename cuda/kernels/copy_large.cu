#include "kernels/copy_batch.cuh"
#include "kernels/kernels.hpp"

namespace remit::gpu {

template <class Shape>
__global__ void __launch_bounds__(Shape::threads, kResidentBlocks)
    copy_large(const __grid_constant__ LargeBatch batch) {
    device::copy_batch<Shape>(batch);
}

const void* large_copy_kernel() noexcept {
    return reinterpret_cast<const void*>(&copy_large<CopyShape>);
}

}  // namespace remit::gpu
