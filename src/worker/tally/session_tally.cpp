#include "worker/tally/session_tally.hpp"

#include <algorithm>

namespace remit::worker {

void SessionTally::open(const protocol::GenerationKey& key) {
    opened_.add();
    connected_[key] = false;
    count();
}

void SessionTally::connect(const protocol::GenerationKey& key) {
    connected_[key] = true;
    count();
}

void SessionTally::fail(const protocol::GenerationKey&) { failed_.add(); }

void SessionTally::destroy(const protocol::GenerationKey& key) {
    if (connected_.erase(key) == 0) return;
    destroyed_.add();
    count();
}

/// Generations come and go seldom: counting them anew costs less than keeping book.
void SessionTally::count() {
    std::uint64_t up = 0;
    std::uint64_t opening = 0;
    for (auto it = connected_.begin(); it != connected_.end();) {
        const std::uint64_t session = it->first.session;
        bool connected = false;
        for (; it != connected_.end() && it->first.session == session; ++it) connected |= it->second;
        ++(connected ? up : opening);
    }
    up_.set(up);
    opening_.set(opening);
}

void SessionTally::collect(metrics::Collector& collector) const {
    const char* const help =
        "Sessions (one a peer): up, opening (queue pairs made, not connected), idle (remembered, without queue pairs).";
    const std::uint64_t busy = up_.value() + opening_.value();
    collector.gauge("remit_sessions", help, up_.value(), {{"state", "up"}});
    collector.gauge("remit_sessions", help, opening_.value(), {{"state", "opening"}});
    // What is read one after the other need not fit together.
    collector.gauge("remit_sessions", help, std::max(known_.value(), busy) - busy, {{"state", "idle"}});
    collector.counter("remit_generations_opened_total", "Sets of queue pairs made towards peers.", opened_.value());
    collector.counter("remit_generations_failed_total",
                      "Sets of queue pairs that could not be made or connected: limits, addresses, the device.",
                      failed_.value());
    collector.counter("remit_generations_given_up_total",
                      "Sets of queue pairs destroyed: peers that were silent, closed or failed, and the worker's own end.",
                      destroyed_.value());
}

}  // namespace remit::worker
