#pragma once

#include "driver/context.hpp"
#include "host/engines.hpp"
#include "host/launch_slots.hpp"
#include "host/sums.hpp"
#include "kernels/batch.hpp"
#include "memory/copy.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <span>

namespace remit::gpu {

struct LauncherOptions {
    std::shared_ptr<const PrimaryContext> context;     ///< of the device that copies; never null
    std::uint32_t block_budget = kDefaultBlockBudget;  ///< most blocks of a launch, 1 at least
    int priority = 0;  ///< of the stream; lower numbers go first; brought into the device's range
    std::size_t engine_copies = 0;  ///< most copies of a launch_by_engines(); 0: it is not called
};

/// Starts copy kernels, and those that sum, on a stream of its own. Owned by one thread, which calls bind_thread() first. Nothing here
/// allocates or waits for the device after create().
class CopyLauncher {
public:
    /// From any thread, whose context stays current.
    [[nodiscard]] static cudaError_t create(const LauncherOptions& options, std::unique_ptr<CopyLauncher>& launcher);
    CopyLauncher(const CopyLauncher&) = delete;
    CopyLauncher& operator=(const CopyLauncher&) = delete;
    ~CopyLauncher();

    /// Makes the device current for the calling thread and lets the thread's CUDA calls pass beside a graph capture
    /// elsewhere in the process, which a call in the default mode would kill. Only for threads of remit's own.
    [[nodiscard]] cudaError_t bind_thread() const;

    /// One launch that copies and then sets the slot's progress word to `sequence`, whatever the number of copies.
    /// cudaErrorInvalidValue, and nothing launched: the copies cannot be packed (see PackStatus) or are more than
    /// the parameters and the slot's list hold.
    [[nodiscard]] cudaError_t launch(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                     const LaunchSlot& slot, std::uint64_t sequence);

    /// The same by the copy engines; zeros and the word by a kernel behind them. Where engines() says so, for copies between
    /// memory of the device and pinned memory of the host, as many as the options say.
    [[nodiscard]] cudaError_t launch_by_engines(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                                const LaunchSlot& slot, std::uint64_t sequence);
    [[nodiscard]] bool engines() const noexcept { return has_engines_; }

    /// One launch that leaves the parts of at most SumBatch::capacity lots and then sets the slot's progress word.
    [[nodiscard]] cudaError_t launch_sums(std::span<const SumLot> lots, std::uint64_t tables, std::uint64_t parts,
                                          const LaunchSlot& slot, std::uint64_t sequence);

    [[nodiscard]] cudaStream_t stream() const noexcept { return stream_; }
    [[nodiscard]] std::uint32_t block_budget() const noexcept { return options_.block_budget; }
    [[nodiscard]] std::uint32_t inline_capacity() const noexcept;

private:
    explicit CopyLauncher(const LauncherOptions& options) noexcept : options_(options) {}
    [[nodiscard]] cudaError_t open();
    [[nodiscard]] cudaError_t open_stream();
    template <class Batch>
    [[nodiscard]] cudaError_t launch_inline(const void* kernel, Batch& batch, std::span<const memory::Copy> copies,
                                            std::uint64_t destination_base, const BatchHeader& header);
    [[nodiscard]] cudaError_t launch_list(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                          const LaunchSlot& slot, const BatchHeader& header);
    [[nodiscard]] cudaError_t start(const void* kernel, void* batch, std::uint32_t slots) const;
    [[nodiscard]] cudaError_t start(const void* kernel, void* batch, std::uint32_t blocks, std::uint32_t threads) const;

    LauncherOptions options_;
    cudaStream_t stream_ = nullptr;
    bool large_parameters_ = false;
    bool sync_domains_ = false;
    SmallBatch small_{};  ///< the launch copies its parameters, so one of each will do
    LargeBatch large_{};
    ListBatch list_{};
    SumBatch sums_{};
    Engines engines_;
    bool has_engines_ = false;
};

}  // namespace remit::gpu
