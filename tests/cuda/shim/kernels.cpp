#include "shim/kernels.hpp"

// The files that nvcc compiles, as C++.
#include "kernels/copy_large.cu"
#include "kernels/copy_list.cu"
#include "kernels/copy_small.cu"
#include "kernels/sum.cu"

namespace remit::gpu::shim {

// A batch is captured by reference: like a kernel's parameters it is there until the grid has ended.

template <class Shape>
std::function<void()> kernel(const SmallBatch& batch) {
    return [&batch] { copy_small<Shape>(batch); };
}

template <class Shape>
std::function<void()> kernel(const LargeBatch& batch) {
    return [&batch] { copy_large<Shape>(batch); };
}

template <class Shape>
std::function<void()> kernel(const ListBatch& batch) {
    return [&batch] { copy_list<Shape>(batch); };
}

template <class Shape>
std::function<void()> kernel(const SumBatch& batch) {
    return [&batch] { sum<Shape>(batch); };
}

template std::function<void()> kernel<SmallShape>(const SumBatch&);
template std::function<void()> kernel<SumShape>(const SumBatch&);
template std::function<void()> kernel<SmallShape>(const SmallBatch&);
template std::function<void()> kernel<SmallShape>(const LargeBatch&);
template std::function<void()> kernel<SmallShape>(const ListBatch&);
template std::function<void()> kernel<CopyShape>(const SmallBatch&);
template std::function<void()> kernel<CopyShape>(const LargeBatch&);
template std::function<void()> kernel<CopyShape>(const ListBatch&);

}  // namespace remit::gpu::shim
