#include "sim/fabric.hpp"

namespace remit::sim {

QueuePair& Fabric::create(Place owner, const protocol::GenerationKey& generation, std::uint32_t index) {
    const std::uint32_t number = next_number_++;
    QueuePair& made = queue_pairs_[number];
    made.number = number;
    made.owner = owner;
    made.generation = generation;
    made.index = index;
    return made;
}

QueuePair* Fabric::find(std::uint32_t number) {
    const auto found = queue_pairs_.find(number);
    return found == queue_pairs_.end() ? nullptr : &found->second;
}

void Fabric::destroy(std::uint32_t number) {
    QueuePair* queue_pair = find(number);
    if (queue_pair == nullptr) return;
    queue_pair->state = QueuePair::State::dead;
    queue_pair->queued.clear();
    queue_pair->landed.clear();
}

QueuePair* Fabric::live_peer(const QueuePair& queue_pair) {
    QueuePair* peer = find(queue_pair.peer);
    return peer != nullptr && peer->live() && peer->peer == queue_pair.number ? peer : nullptr;
}

void Fabric::sweep() {
    for (auto it = queue_pairs_.begin(); it != queue_pairs_.end();) {
        const bool gone = it->second.state == QueuePair::State::dead && it->second.wire.empty();
        it = gone ? queue_pairs_.erase(it) : std::next(it);
    }
}

}  // namespace remit::sim
