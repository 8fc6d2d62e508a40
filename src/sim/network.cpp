#include "sim/network.hpp"

#include <algorithm>

namespace remit::sim {

void Network::send(Place from, Place to, std::uint64_t channel, Envelope envelope) {
    const auto found = std::find_if(queues_.begin(), queues_.end(), [&](const Queue& q) {
        return q.current && q.from == from && q.to == to && q.channel == channel;
    });
    Queue& queue = found != queues_.end() ? *found : queues_.emplace_back(Queue{from, to, channel, true, false, {}});
    queue.messages.push_back(std::move(envelope));
}

Envelope Network::take(std::size_t index) {
    Queue& queue = queues_[index];
    Envelope envelope = std::move(queue.messages.front());
    queue.messages.pop_front();
    if (queue.messages.empty()) queues_.erase(queues_.begin() + static_cast<std::ptrdiff_t>(index));
    return envelope;
}

void Network::reconnect(std::size_t index, Random& random) {
    Queue& queue = queues_[index];
    std::deque<Envelope> late;
    for (Envelope& envelope : queue.messages) {
        if (random.percent(50)) late.push_back(std::move(envelope));
    }
    queue.messages = std::move(late);
    queue.current = false;
    drop_empty();
}

void Network::duplicate(std::size_t index) {
    const Queue& queue = queues_[index];
    Queue again{queue.from, queue.to, queue.channel, false, false, {}};
    again.messages.push_back(queue.messages.front());
    queues_.push_back(std::move(again));
}

void Network::crash(Place place, Random& random) {
    for (std::size_t i = queues_.size(); i-- > 0;) {
        const bool of_it = queues_[i].from == place;
        const bool to_it = queues_[i].to == place && random.percent(30);
        if (of_it || to_it) reconnect(i, random);
    }
}

void Network::hold_late_ones() {
    for (Queue& queue : queues_) queue.held = !queue.current;
}

void Network::release_held() {
    for (Queue& queue : queues_) queue.held = false;
}

protocol::Time Network::oldest(protocol::Time now) const {
    for (const Queue& queue : queues_) now = std::min(now, queue.messages.front().sent);
    return now;
}

void Network::drop_empty() {
    queues_.erase(std::remove_if(queues_.begin(), queues_.end(), [](const Queue& q) { return q.messages.empty(); }),
                  queues_.end());
}

}  // namespace remit::sim
