#pragma once

#include "protocol/time.hpp"

#include <array>
#include <thread>

namespace remit::worker {

/// What a loop drives: one thread's worth of work. All methods are called from the loop's thread.
class Driven {
public:
    virtual ~Driven() = default;
    /// Takes completions, then messages and commands, then judges deadlines; true where there was something to do.
    virtual bool step(protocol::Time now) = 0;
    /// Asks the descriptors to wake the loop at the next completion.
    virtual void arm() = 0;
    [[nodiscard]] virtual protocol::Time next_deadline() const = 0;
    [[nodiscard]] virtual std::array<int, 3> descriptors() const = 0;
    [[nodiscard]] virtual bool stopped() const = 0;
};

/// Runs `driven` until it has stopped. Sleeps on its descriptors when there is nothing to do, or spins with `busy_poll`.
void run_loop(Driven& driven, bool busy_poll);

}  // namespace remit::worker
