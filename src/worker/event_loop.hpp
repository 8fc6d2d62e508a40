#pragma once

#include "protocol/time.hpp"
#include "worker/counters.hpp"

#include <array>
#include <thread>

namespace remit::worker {

/// What a loop drives: one thread's worth of work. All methods are called from the loop's thread.
class Driven {
public:
    virtual ~Driven() = default;
    /// Takes completions, then messages and commands, then judges deadlines; true where there was something to do, and while
    /// something is left that no descriptor will tell of.
    virtual bool step(protocol::Time now) = 0;
    /// Which of the descriptors were readable when the loop has just looked at them.
    virtual void woken(const std::array<bool, 3>& readable) = 0;
    /// Takes wake-ups off the descriptors, and what a device has to say outside completions: system calls. Called before each
    /// sleep, and seldom otherwise: here, too, belongs what need not be done each turn.
    virtual void take_wakeups() = 0;
    /// True while something is on the wire, or is expected from it.
    [[nodiscard]] virtual bool data_is_near() const = 0;
    /// Asks the descriptors to wake the loop at the next completion.
    virtual void arm() = 0;
    [[nodiscard]] virtual protocol::Time next_deadline() const = 0;
    [[nodiscard]] virtual std::array<int, 3> descriptors() const = 0;
    [[nodiscard]] virtual bool stopped() const = 0;
};

struct LoopOptions {
    bool busy_poll = false;  ///< never sleeps
    protocol::Time spin{};   ///< after the last movement, while data is near, before it sleeps
};

/// Runs `driven` until it has stopped. When there is nothing to do it spins for a while if data is near, then sleeps on the
/// descriptors.
void run_loop(Driven& driven, const LoopOptions& options, LoopCounters& counters);

}  // namespace remit::worker
