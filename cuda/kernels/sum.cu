#include "kernels/kernels.hpp"
#include "kernels/sum_lot.cuh"

namespace remit::gpu {

template <class Shape>
__global__ void __launch_bounds__(Shape::threads, kResidentBlocks) sum(const __grid_constant__ SumBatch batch) {
    device::sum_batch<Shape>(batch);
}

const void* sum_kernel() noexcept {
    return reinterpret_cast<const void*>(&sum<SumShape>);
}

}  // namespace remit::gpu
