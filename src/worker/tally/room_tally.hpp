#pragma once

#include "metrics/collector.hpp"
#include "metrics/counter.hpp"
#include "worker/tally/failure_cause.hpp"

#include <remit/types.hpp>

#include <array>
#include <string_view>

namespace remit::worker {

/// How many rooms, or sends, there are in each status, and how those that ended did. Written by the worker's thread, read
/// by any.
class RoomTally {
public:
    /// One more, Bootstrapping.
    void begin() noexcept;
    void move(Status from, Status to) noexcept;
    /// @param reason of one that Failed
    void end(Status from, Status how, std::string_view reason) noexcept;

    void collect(metrics::Collector& collector) const;

private:
    metrics::Counter begun_;
    std::array<metrics::Gauge, 5> unfinished_;  ///< by status; those of the final ones stay 0
    metrics::Counter succeeded_;
    std::array<metrics::Counter, kFailureCauses> failed_;
};

}  // namespace remit::worker
