#pragma once

#include "protocol/messages.hpp"
#include "sim/random.hpp"
#include "sim/settings.hpp"

#include <cstdint>
#include <deque>
#include <variant>
#include <vector>

namespace remit::sim {

/// A worker's place in the world: embedding workers first, then language workers. It stays over a worker's lives.
using Place = std::uint32_t;

using Message = std::variant<protocol::ToEmbedding, protocol::ToLanguage>;

struct Envelope {
    protocol::Time sent{};
    Message message;
};

/// What one connection carries, in order. A broken connection keeps what comes late.
struct Queue {
    Place from = 0;
    Place to = 0;
    std::uint64_t channel = 0;
    bool current = true;
    bool held = false;  ///< comes even later
    protocol::Time not_before{};  ///< what comes late may take long
    std::deque<Envelope> messages{};
};

/// The control channel: one FIFO a connection, any delay, loss and lateness only where a connection breaks.
class Network {
public:
    void send(Place from, Place to, std::uint64_t channel, Envelope envelope);
    /// The next message of a queue; the queue goes when it is empty.
    [[nodiscard]] Envelope take(std::size_t queue);
    /// Some of what is under way is lost, the rest comes after, before or between what the next connection carries.
    void reconnect(std::size_t queue, protocol::Time now, Random& random);
    /// The next message comes a second time, later.
    void duplicate(std::size_t queue, protocol::Time now, Random& random);
    /// Connections of a worker that died break; those to it may.
    void crash(Place place, protocol::Time now, Random& random);
    void hold_late_ones();
    void release_held();

    [[nodiscard]] const std::vector<Queue>& queues() const noexcept { return queues_; }
    /// When the oldest message was sent that is on a connection that stands; `now` where there is none.
    [[nodiscard]] protocol::Time oldest(protocol::Time now) const;

private:
    void drop_empty();
    std::vector<Queue> queues_;
};

}  // namespace remit::sim
