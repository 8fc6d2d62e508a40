#pragma once

#include "metrics/collector.hpp"
#include "metrics/counter.hpp"
#include "protocol/keys.hpp"

#include <cstddef>
#include <map>

namespace remit::worker {

/// The generations of a worker's sessions, by what becomes of their queue pairs. Written by the worker's thread; its
/// numbers are read by any.
class SessionTally {
public:
    /// Queue pairs are made.
    void open(const protocol::GenerationKey& key);
    /// They are connected to the peer's.
    void connect(const protocol::GenerationKey& key);
    /// They could not be made, or not be connected.
    void fail(const protocol::GenerationKey& key);
    void destroy(const protocol::GenerationKey& key);
    /// Sessions that the worker remembers, whatever they have.
    void know(std::size_t sessions) noexcept { known_.set(sessions); }

    void collect(metrics::Collector& collector) const;

private:
    void count();

    std::map<protocol::GenerationKey, bool> connected_;  ///< of the generations that there are
    metrics::Counter opened_;
    metrics::Counter failed_;
    metrics::Counter destroyed_;
    metrics::Gauge known_;
    metrics::Gauge up_;       ///< sessions with a connected generation
    metrics::Gauge opening_;  ///< sessions with none, but with one that is being opened
};

}  // namespace remit::worker
