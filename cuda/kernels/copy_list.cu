#include "kernels/copy_batch.cuh"
#include "kernels/kernels.hpp"

namespace remit::gpu {

template <class Shape>
__global__ void __launch_bounds__(Shape::threads, kResidentBlocks) copy_list(const __grid_constant__ ListBatch batch) {
    device::copy_batch<Shape>(batch);
}

const void* list_copy_kernel() noexcept {
    return reinterpret_cast<const void*>(&copy_list<CopyShape>);
}

}  // namespace remit::gpu
