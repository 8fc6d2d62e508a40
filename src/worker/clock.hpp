#pragma once

#include "protocol/time.hpp"

#include <chrono>

namespace remit::worker {

/// The clock of real workers: steady, as the state machines want it.
[[nodiscard]] inline protocol::Time steady_now() {
    return std::chrono::duration_cast<protocol::Time>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace remit::worker
