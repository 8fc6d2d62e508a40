#pragma once

#include <remit/metrics.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace remit::tools {

/// Whether the workers' threads go on. Each looks around once a second at the latest, however little there is to do: one
/// that has not for a while is stuck, in a sink for instance, or has ended. Owned by one thread.
class Pulse {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds kPatience{5};

    /// What is wrong at `now`, or "".
    [[nodiscard]] std::string fault(const Metrics& metrics, Clock::time_point now);

private:
    struct Beat {
        double turns = -1;
        Clock::time_point at{};
    };
    std::map<std::string, Beat> beats_;  ///< by worker
};

}  // namespace remit::tools
