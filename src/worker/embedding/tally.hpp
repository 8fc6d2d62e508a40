#pragma once

#include "metrics/collector.hpp"
#include "metrics/counter.hpp"
#include "metrics/histogram.hpp"
#include "protocol/embedding/machine.hpp"
#include "protocol/time.hpp"
#include "worker/counters.hpp"
#include "worker/tally/message_tally.hpp"
#include "worker/tally/room_tally.hpp"
#include "worker/tally/session_tally.hpp"

#include <cstdint>
#include <string_view>

namespace remit::worker::embedding {

class SendQueue;

/// How far a send was when, as far as metrics ask for it.
struct SendTimes {
    Status status = Status::Bootstrapping;  ///< as counted
    protocol::Time begun{};
    bool met = false;  ///< with an INIT
};

/// What an embedding worker counts: told by its thread while it does what the state machine asks for, read by any. What the
/// send queue counts is its own.
class Tally {
public:
    void begin(SendTimes& send, protocol::Time now) noexcept;
    void move(SendTimes& send, Status to, protocol::Time now) noexcept;
    void end(const SendTimes& send, Status how, std::string_view reason, protocol::Time now) noexcept;
    [[nodiscard]] SessionTally& sessions() noexcept { return sessions_; }

    /// Shows what others count on the worker's thread: before it sleeps, and now and then while it does not.
    void publish(const protocol::embedding::Machine& machine, const SendQueue& queue, Mailbox& mailbox) noexcept;

    void collect(metrics::Collector& collector, const PostCounters& posted, const FlowCounters& flow) const;

private:
    void collect_wire(metrics::Collector& collector, const PostCounters& posted, const FlowCounters& flow) const;

    RoomTally rooms_;
    SessionTally sessions_;
    MessageTally messages_;
    metrics::Histogram wait_;
    metrics::Histogram send_;

    // Counted by others and shown here.
    metrics::Gauge parked_;
    metrics::Gauge parked_blocks_;
    metrics::Gauge rejections_;
    metrics::Gauge regions_;
    metrics::Gauge busy_regions_;
};

}  // namespace remit::worker::embedding
