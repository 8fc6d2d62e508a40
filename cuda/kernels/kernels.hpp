#pragma once

/// The kernels, one for each way in which pieces reach them. Each stands in a file, hence a module, of its own: a
/// driver before 12.1 cannot load one with large parameters, and lazy loading never asks it to.
namespace remit::gpu {

[[nodiscard]] const void* small_copy_kernel() noexcept;  ///< takes a SmallBatch
[[nodiscard]] const void* large_copy_kernel() noexcept;  ///< takes a LargeBatch
[[nodiscard]] const void* list_copy_kernel() noexcept;   ///< takes a ListBatch
[[nodiscard]] const void* sum_kernel() noexcept;         ///< takes a SumBatch: CRC32C of what lies in memory

}  // namespace remit::gpu
