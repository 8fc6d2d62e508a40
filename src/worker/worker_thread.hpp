#pragma once

#include "worker/event_loop.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace remit::worker {

/// A worker's one thread, and who waits for its end. All but the constructor and the destructor may be called from any
/// thread.
class WorkerThread {
public:
    /// Runs `at_start`, then `driven` until it has stopped, then `at_end`, on a thread of its own.
    WorkerThread(Driven& driven, const LoopOptions& options, LoopCounters& counters, std::function<void()> at_start,
                 std::function<void()> at_end);
    ~WorkerThread() { thread_.join(); }
    WorkerThread(const WorkerThread&) = delete;
    WorkerThread& operator=(const WorkerThread&) = delete;

    /// From now on nothing new is begun.
    void begin_stopping() noexcept { stopping_.store(true, std::memory_order_release); }
    [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }
    /// Returns once the loop has ended. Not from the worker's own thread, such as from a sink: it would wait for itself.
    void wait_for_end();
    [[nodiscard]] bool is_current() const noexcept { return thread_.get_id() == std::this_thread::get_id(); }

private:
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace remit::worker
