#include "host/launcher.hpp"

#include "base/nvtx_range.hpp"
#include "host/error_text.hpp"
#include "host/pack.hpp"
#include "kernels/kernels.hpp"
#include "kernels/work.hpp"

#include <algorithm>

namespace remit::gpu {

cudaError_t CopyLauncher::create(const LauncherOptions& options, std::unique_ptr<CopyLauncher>& launcher) {
    if (options.block_budget == 0) return cudaErrorInvalidValue;
    const ContextScope scope(*options.context);
    if (scope.status() != CUDA_SUCCESS) return runtime_error(scope.status());
    std::unique_ptr<CopyLauncher> made(new CopyLauncher(options));
    if (const cudaError_t status = made->open(); status != cudaSuccess) return status;
    launcher = std::move(made);
    return cudaSuccess;
}

CopyLauncher::~CopyLauncher() {
    if (stream_ == nullptr) return;
    const ContextScope scope(*options_.context);
    static_cast<void>(cudaStreamDestroy(stream_));
}

cudaError_t CopyLauncher::open() {
    int driver = 0;
    if (const cudaError_t s = cudaDriverGetVersion(&driver); s != cudaSuccess) return s;
    large_parameters_ = driver >= kLargeParameterDriver;
    has_engines_ = options_.engine_copies != 0 && Engines::in_driver(driver);
    if (has_engines_) engines_.reserve(options_.engine_copies);
    int major = 0;
    const cudaError_t s =
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, options_.context->ordinal());
    if (s != cudaSuccess) return s;
    sync_domains_ = major >= 9;
    return open_stream();
}

cudaError_t CopyLauncher::open_stream() {
    int least = 0;
    int greatest = 0;  // numerically the lower one
    if (const cudaError_t s = cudaDeviceGetStreamPriorityRange(&least, &greatest); s != cudaSuccess) return s;
    const int priority = std::clamp(options_.priority, greatest, least);
    // Non-blocking: the model's work in the legacy stream must not wait for copies, nor copies for it.
    return cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, priority);
}

cudaError_t CopyLauncher::bind_thread() const {
    if (const cudaError_t s = cudaSetDevice(options_.context->ordinal()); s != cudaSuccess) return s;
    cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
    return cudaThreadExchangeStreamCaptureMode(&mode);
}

std::uint32_t CopyLauncher::inline_capacity() const noexcept {
    return large_parameters_ ? LargeBatch::capacity : SmallBatch::capacity;
}

cudaError_t CopyLauncher::launch(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                 const LaunchSlot& slot, std::uint64_t sequence) {
    const NvtxRange range("launch of a copy kernel");
    BatchHeader header;
    header.ticket = slot.ticket;
    header.progress = slot.progress;
    header.sequence = sequence;
    const std::uint64_t pieces = count_pieces(copies);
    if (pieces <= SmallBatch::capacity) {
        return launch_inline(small_copy_kernel(), small_, copies, destination_base, header);
    }
    if (large_parameters_ && pieces <= LargeBatch::capacity) {
        return launch_inline(large_copy_kernel(), large_, copies, destination_base, header);
    }
    return launch_list(copies, destination_base, slot, header);
}

cudaError_t CopyLauncher::launch_by_engines(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                            const LaunchSlot& slot, std::uint64_t sequence) {
    const NvtxRange range("copies by engines");
    if (const cudaError_t s = engines_.copy(copies, destination_base, stream_); s != cudaSuccess) return s;
    return launch(engines_.zeros(), destination_base, slot, sequence);
}

template <class Batch>
cudaError_t CopyLauncher::launch_inline(const void* kernel, Batch& batch, std::span<const memory::Copy> copies,
                                        std::uint64_t destination_base, const BatchHeader& header) {
    batch.header = header;
    if (pack(copies, destination_base, batch.pieces, batch.header) != PackStatus::packed) return cudaErrorInvalidValue;
    return start(kernel, &batch, batch.header.slots);
}

cudaError_t CopyLauncher::launch_list(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                      const LaunchSlot& slot, const BatchHeader& header) {
    list_.header = header;
    const std::span<Piece> pieces(slot.list_host, slot.list_capacity);
    if (pack(copies, destination_base, pieces, list_.header) != PackStatus::packed) return cudaErrorInvalidValue;
    // Through device memory: the search among thousands of pieces would cross PCIe for each step of each warp.
    list_.pieces = slot.list_device;
    const std::size_t bytes = list_.header.pieces * sizeof(Piece);
    const cudaError_t status =
        cudaMemcpyAsync(slot.list_device, slot.list_host, bytes, cudaMemcpyHostToDevice, stream_);
    if (status != cudaSuccess) return status;
    return start(list_copy_kernel(), &list_, list_.header.slots);
}

cudaError_t CopyLauncher::launch_sums(std::span<const SumLot> lots, std::uint64_t tables, std::uint64_t parts,
                                      const LaunchSlot& slot, std::uint64_t sequence) {
    if (lots.size() > SumBatch::capacity) return cudaErrorInvalidValue;
    sums_.header = {tables, parts, slot.ticket, slot.progress, sequence, static_cast<std::uint32_t>(lots.size())};
    for (std::size_t i = 0; i < lots.size(); ++i) sums_.lots[i] = lots[i].lot;
    return start(sum_kernel(), &sums_, sum_grid_of<SumShape>(sums_.header.lots, options_.block_budget), SumShape::threads);
}

cudaError_t CopyLauncher::start(const void* kernel, void* batch, std::uint32_t slots) const {
    return start(kernel, batch, grid_of<CopyShape>(slots, options_.block_budget), CopyShape::threads);
}

cudaError_t CopyLauncher::start(const void* kernel, void* batch, std::uint32_t blocks, std::uint32_t threads) const {
    cudaLaunchAttribute attribute{};
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(blocks);
    config.blockDim = dim3(threads);
    config.stream = stream_;
    if (sync_domains_) {
        // In the default domain our release store would wait for the model's writes too. Within a launch all blocks
        // are in one domain, so the device-scope ticket still orders them; a kernel's end orders across domains.
        attribute.id = cudaLaunchAttributeMemSyncDomain;
        attribute.val.memSyncDomain = cudaLaunchMemSyncDomainRemote;
        config.attrs = &attribute;
        config.numAttrs = 1;
    }
    void* arguments[] = {batch};
    return cudaLaunchKernelExC(&config, kernel, arguments);
}

}  // namespace remit::gpu
