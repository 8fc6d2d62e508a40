#pragma once

#include <atomic>
#include <cstdint>

namespace remit::worker {

/// A number that one thread counts and others read.
class Counter {
public:
    void add(std::uint64_t count = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// What a worker's loop does.
struct LoopCounters {
    Counter turns;   ///< looks at everything there is to look at
    Counter sleeps;  ///< waits in the kernel
};

/// What a send queue hands to the device.
struct PostCounters {
    Counter requests;
    Counter doorbells;  ///< chains of requests
    Counter signaled;   ///< requests that ask for a completion
};

}  // namespace remit::worker
