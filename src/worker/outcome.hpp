#pragma once

#include <remit/types.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

namespace remit::worker {

/// The status of a room or a send as its user sees it: poll, wait, or an eventfd. Written by the worker's thread,
/// read by any. Final statuses are sticky.
class Outcome {
public:
    Outcome() = default;
    ~Outcome();
    Outcome(const Outcome&) = delete;
    Outcome& operator=(const Outcome&) = delete;

    /// Also for what its owner keeps beside it: one mutex a room.
    [[nodiscard]] std::mutex& mutex() const noexcept { return mutex_; }

    [[nodiscard]] Status status() const noexcept { return status_.load(std::memory_order_acquire); }
    [[nodiscard]] std::string reason() const;
    Status wait(std::chrono::steady_clock::time_point deadline) const;
    /// Blocks until announce() was called, the end has come, or `deadline` has passed; false in the last case.
    bool wait_announced(std::chrono::steady_clock::time_point deadline) const;
    /// Made at the first call, closed with this object. @throws Error(environment) where none is to be had.
    [[nodiscard]] int descriptor() const;

    /// An intermediate status.
    void move_to(Status status) noexcept;
    /// What wait_announced() waits for: the end is near enough. What the worker wrote before is visible then.
    void announce();
    /// The end. What the worker wrote before is visible to whoever sees the final status.
    void finish(Status status, const std::string& reason);

private:
    std::atomic<Status> status_{Status::Bootstrapping};
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    mutable int descriptor_ = -1;
    bool announced_ = false;
    std::string reason_;
};

}  // namespace remit::worker
