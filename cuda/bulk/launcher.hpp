#pragma once

#include "host/launch_slots.hpp"
#include "kernels/batch.hpp"
#include "memory/copy.hpp"

#include <cstdint>
#include <span>

namespace remit::gpu {

/// Launches the bulk-copy kernel. For the benchmark and the tests on a GPU alone: workers use CopyLauncher.
class BulkLauncher {
public:
    BulkLauncher(cudaStream_t stream, std::uint32_t block_budget) noexcept : stream_(stream), budget_(block_budget) {}

    /// Whether the kernel can take these copies on this device.
    [[nodiscard]] static bool takes(int device, std::span<const memory::Copy> copies, std::uint64_t destination_base);
    [[nodiscard]] cudaError_t launch(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                     const LaunchSlot& slot, std::uint64_t sequence);

private:
    cudaStream_t stream_;
    std::uint32_t budget_;
    LargeBatch batch_{};
};

}  // namespace remit::gpu
