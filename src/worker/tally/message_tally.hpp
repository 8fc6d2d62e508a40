#pragma once

#include "metrics/collector.hpp"
#include "metrics/counter.hpp"
#include "protocol/codec.hpp"

#include <array>

namespace remit::worker {

class Mailbox;

/// What the control channel and the mailbox count on the worker's thread, shown to all.
class MessageTally {
public:
    /// Shows what has been counted so far: two dozen stores.
    void publish(Mailbox& mailbox) noexcept;

    void collect(metrics::Collector& collector) const;

private:
    metrics::Gauge received_;
    std::array<metrics::Gauge, protocol::kDecodeFaults> undecodable_;
    metrics::Gauge foreign_return_address_;
    metrics::Gauge too_many_frames_;
    metrics::Gauge too_many_bytes_;
    metrics::Gauge overflow_;
    metrics::Gauge too_large_;
    metrics::Gauge unreachable_;
    metrics::Gauge denied_key_;
    metrics::Gauge failed_handshake_;
};

}  // namespace remit::worker
