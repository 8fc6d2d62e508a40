#pragma once

#include "bench/options.hpp"
#include "bench/work.hpp"
#include "host/launcher.hpp"

#include <cstdint>
#include <memory>

namespace remit::gpu::bench {

/// The kernels on a stream of their own, owned by one thread.
class Copier {
public:
    Copier(int device, std::uint32_t budget);

    [[nodiscard]] cudaStream_t stream() const { return launcher_->stream(); }
    void enqueue(const Work& work, std::uint64_t step);
    /// Until the stream is empty.
    void wait() const;
    /// Until the last launch's progress word is set, as a worker does.
    void wait_for_word() const;

private:
    std::unique_ptr<CopyLauncher> launcher_;
    LaunchSlots slots_;
    std::uint64_t sequence_ = 0;
};

/// Blocks that the device holds at once: a budget that is none.
[[nodiscard]] std::uint32_t all_blocks(const cudaDeviceProp& device);
[[nodiscard]] std::uint64_t l2(const cudaDeviceProp& device);

/// GB/s of a batch that took `seconds`.
[[nodiscard]] double rate(const Work& work, double seconds);
/// GB/s of the kernels with at most `budget` blocks.
[[nodiscard]] double copier_rate(const Options& options, const Work& work, std::uint32_t budget);

}  // namespace remit::gpu::bench
