#pragma once

#include <cstdint>

namespace remit::gpu {

/// Slots of 16 bytes that a stage in shared memory holds.
inline constexpr std::uint32_t kBulkStageSlots = 960;
inline constexpr std::uint32_t kBulkThreads = 32;
inline constexpr int kBulkComputeMajor = 9;

/// Takes a LargeBatch whose every address and length is a multiple of 16 and none of whose sources is zeros, from compute
/// capability 9.0 on. Off: see its file.
[[nodiscard]] const void* bulk_copy_kernel() noexcept;

}  // namespace remit::gpu
