#pragma once

#include "kernels/batch.hpp"
#include "kernels/sum.hpp"
#include "kernels/tuning.hpp"

#include <functional>

namespace remit::gpu::shim {

/// A small block with small tiles: 2 KiB.
using SmallShape = Shape<16, 4, 8>;

/// The body of one thread, out of the real kernel sources.
template <class Shape>
[[nodiscard]] std::function<void()> kernel(const SmallBatch& batch);
template <class Shape>
[[nodiscard]] std::function<void()> kernel(const LargeBatch& batch);
template <class Shape>
[[nodiscard]] std::function<void()> kernel(const ListBatch& batch);
template <class Shape>
[[nodiscard]] std::function<void()> kernel(const SumBatch& batch);

}  // namespace remit::gpu::shim
