#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <span>

namespace remit::tools {

/// Asks a run to end. The first SIGINT or SIGTERM asks to begin nothing new and to let what is under way end; the second
/// asks to stop at once, and so does request(). Make it before any thread, which then leave these signals to it. All
/// methods may be called from any thread.
class Stop {
public:
    /// @throws Error(environment).
    Stop();
    /// A part of `whole`, which outlives it: asked to end when that is, or earlier by request().
    explicit Stop(const Stop* whole);
    ~Stop();
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    [[nodiscard]] bool requested() const { return level() >= 1; }
    [[nodiscard]] bool at_once() const { return level() >= 2; }
    void request() const;
    /// Sleeps until one of the descriptors is readable, more than was so far is asked for, or the time has passed.
    void wait(std::span<const int> descriptors, std::chrono::milliseconds time) const;

private:
    [[nodiscard]] int level() const;
    void raise_to(int level) const;
    void make_descriptors(bool signals);

    const Stop* const whole_ = nullptr;
    int signals_ = -1;  ///< of the whole alone
    int drain_ = -1;    ///< readable from the first request on
    int at_once_ = -1;  ///< readable once it is to stop at once
    mutable std::mutex mutex_;  ///< who looks counts the signals that have come
    mutable std::atomic<int> level_{0};
};

}  // namespace remit::tools
