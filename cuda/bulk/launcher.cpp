#include "bulk/launcher.hpp"

#include "host/pack.hpp"
#include "bulk/kernel.hpp"

#include <algorithm>

namespace remit::gpu {

bool BulkLauncher::takes(int device, std::span<const memory::Copy> copies, std::uint64_t destination_base) {
    int major = 0;
    int driver = 0;
    if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) != cudaSuccess) return false;
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver < kLargeParameterDriver) return false;
    if (major < kBulkComputeMajor || count_pieces(copies) > LargeBatch::capacity) return false;
    return std::all_of(copies.begin(), copies.end(), [&](const memory::Copy& copy) {
        const std::uint64_t all = copy.source | (destination_base + copy.destination) | copy.bytes;
        return copy.source != 0 && all % kSlotBytes == 0;
    });
}

cudaError_t BulkLauncher::launch(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                 const LaunchSlot& slot, std::uint64_t sequence) {
    batch_.header.ticket = slot.ticket;
    batch_.header.progress = slot.progress;
    batch_.header.sequence = sequence;
    if (pack(copies, destination_base, batch_.pieces, batch_.header) != PackStatus::packed) return cudaErrorInvalidValue;
    const std::uint32_t tiles = (batch_.header.slots + kBulkStageSlots - 1) / kBulkStageSlots;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(std::max(1u, std::min(tiles, budget_)));
    config.blockDim = dim3(kBulkThreads);
    config.stream = stream_;
    void* arguments[] = {&batch_};
    return cudaLaunchKernelExC(&config, bulk_copy_kernel(), arguments);
}

}  // namespace remit::gpu
