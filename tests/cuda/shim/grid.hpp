#pragma once

#include "shim/recorder.hpp"

#include <atomic>
#include <barrier>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace remit::gpu::shim {

/// Runs grids with an operating system thread for each thread of a block, on two "processors": two blocks run at
/// once, on threads that share nothing, as blocks on two SMs do. That is what the thread sanitizer needs to see that
/// a ticket orders too little.
class Grid {
public:
    explicit Grid(std::uint32_t threads);
    ~Grid();
    Grid(const Grid&) = delete;
    Grid& operator=(const Grid&) = delete;

    [[nodiscard]] std::uint32_t threads() const noexcept { return threads_; }
    /// Starts `kernel` in every thread of `blocks` blocks.
    void start(std::uint32_t blocks, Recorder& recorder, std::function<void()> kernel);
    /// Whether every thread has come to its end; orders nothing.
    [[nodiscard]] bool over() const noexcept { return running_.load(std::memory_order_relaxed) == 0; }
    /// Waits for the grid's end and returns what its threads counted.
    [[nodiscard]] Counters finish();

private:
    static constexpr std::uint32_t kProcessors = 2;

    void work(std::uint32_t processor, std::uint32_t thread);
    void run_blocks(std::uint32_t processor, std::uint32_t thread);

    std::uint32_t threads_;
    std::uint32_t blocks_ = 0;
    Recorder* recorder_ = nullptr;
    std::function<void()> kernel_;
    std::atomic<std::uint64_t> launch_ = 0;
    std::atomic<std::uint32_t> running_ = 0;
    std::vector<Counters> counters_;
    std::vector<std::uint32_t> words_;  ///< shared memory, a part for each processor
    std::vector<std::unique_ptr<std::barrier<>>> barriers_;
    std::vector<std::thread> workers_;
};

}  // namespace remit::gpu::shim
