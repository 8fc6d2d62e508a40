#include "sim/network.hpp"

#include <algorithm>

namespace remit::sim {
namespace {

/// Half of what is late comes among what the next connection carries, the rest when much else has happened.
protocol::Time lateness(Random& random) {
    return random.percent(50) ? protocol::Time{} : static_cast<std::int64_t>(random.between(1, 1000)) * kTick;
}

}  // namespace

void Network::send(Place from, Place to, std::uint64_t channel, Envelope envelope) {
    const auto found = std::find_if(queues_.begin(), queues_.end(), [&](const Queue& q) {
        return q.current && q.from == from && q.to == to && q.channel == channel;
    });
    Queue& queue =
        found != queues_.end() ? *found : queues_.emplace_back(Queue{.from = from, .to = to, .channel = channel});
    queue.messages.push_back(std::move(envelope));
}

Envelope Network::take(std::size_t index) {
    Queue& queue = queues_[index];
    Envelope envelope = std::move(queue.messages.front());
    queue.messages.pop_front();
    if (queue.messages.empty()) queues_.erase(queues_.begin() + static_cast<std::ptrdiff_t>(index));
    return envelope;
}

void Network::reconnect(std::size_t index, protocol::Time now, Random& random) {
    Queue& queue = queues_[index];
    std::deque<Envelope> late;
    for (Envelope& envelope : queue.messages) {
        if (random.percent(50)) late.push_back(std::move(envelope));
    }
    queue.messages = std::move(late);
    queue.current = false;
    queue.not_before = now + lateness(random);
    drop_empty();
}

void Network::duplicate(std::size_t index, protocol::Time now, Random& random) {
    const Queue& queue = queues_[index];
    Queue again{.from = queue.from, .to = queue.to, .channel = queue.channel, .current = false};
    again.not_before = now + lateness(random);
    again.messages.push_back(queue.messages.front());
    queues_.push_back(std::move(again));
}

void Network::crash(Place place, protocol::Time now, Random& random) {
    for (std::size_t i = queues_.size(); i-- > 0;) {
        const bool of_it = queues_[i].from == place;
        const bool to_it = queues_[i].to == place && random.percent(30);
        if (of_it || to_it) reconnect(i, now, random);
    }
}

void Network::hold_late_ones() {
    for (Queue& queue : queues_) queue.held = !queue.current;
}

void Network::release_held() {
    for (Queue& queue : queues_) queue.held = false;
}

protocol::Time Network::oldest(protocol::Time now) const {
    for (const Queue& queue : queues_) {
        if (queue.current) now = std::min(now, queue.messages.front().sent);
    }
    return now;
}

void Network::drop_empty() {
    queues_.erase(std::remove_if(queues_.begin(), queues_.end(), [](const Queue& q) { return q.messages.empty(); }),
                  queues_.end());
}

}  // namespace remit::sim
