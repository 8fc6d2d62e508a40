#include "worker/worker_thread.hpp"

#include <utility>

namespace remit::worker {

WorkerThread::WorkerThread(Driven& driven, bool busy_poll, std::function<void()> at_end)
    : thread_([this, &driven, busy_poll, at_end = std::move(at_end)] {
          run_loop(driven, busy_poll);
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
