#include "worker/worker_thread.hpp"

#include <utility>

namespace remit::worker {

WorkerThread::WorkerThread(Driven& driven, const LoopOptions& options, LoopCounters& counters,
                           std::function<void()> at_start, std::function<void()> at_end)
    : thread_([this, &driven, options, &counters, at_start = std::move(at_start), at_end = std::move(at_end)] {
          at_start();
          run_loop(driven, options, counters);
          at_end();
          const std::lock_guard lock(mutex_);
          ended_ = true;
          changed_.notify_all();
      }) {}

void WorkerThread::wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
}

}  // namespace remit::worker
