// What goes wrong.

#include "sim/world.hpp"

#include <algorithm>

namespace remit::sim {

/// Counts a misfortune that is about to happen; true where the reduction leaves it out.
bool World::spared() {
    return reduction_.drops(misfortunes_++);
}

void World::take_fault(const Option& option) {
    if (spared()) return;
    Users& users = context_.users;
    const std::uint32_t subject = option.subject;
    switch (option.step) {
        case Step::tick: return tick(context_.random.pick({2, 8, 30}) * kTick);
        case Step::reconnect:
            context_.count(Fault::loss);
            context_.trace.say("a connection breaks");
            return context_.network.reconnect(subject, context_.now, context_.random);
        case Step::duplicate: context_.count(Fault::duplicate); return context_.network.duplicate(subject, context_.now, context_.random);
        case Step::stall: {
            context_.count(Fault::stall);
            users.hard = true;
            QueuePair& pair = *context_.fabric.find(subject);
            pair.stalled_until = context_.now + static_cast<std::int64_t>(context_.random.between(50, 4000)) * kTick;
            context_.trace.say("queue pair {} stalls", pair.number);
            return;
        }
        case Step::pair_error: {
            QueuePair& pair = *context_.fabric.find(subject);
            context_.count(is_embedding(pair.owner) ? Fault::sender_error : Fault::receiver_error);
            return is_embedding(pair.owner) ? sender_error(pair) : receiver_error(pair);
        }
        case Step::crash: return crash(subject);
        case Step::stop: return stop(subject);
        case Step::abort_room:
            context_.count(Fault::abort_language);
            users.hard = true;
            return languages_[subject]->user_abort(option.object);
        case Step::cancel_send:
            context_.count(Fault::abort_embedding);
            users.hard = true;
            return embeddings_[subject]->user_cancel(option.object);
        case Step::reject_room:
            context_.count(Fault::reject_room);
            users.hard = true;
            return embeddings_[rooms_[subject].embedding]->user_reject(rooms_[subject].room);
        default: return;
    }
}

/// A bit turns over behind every check of the wire.
void World::corrupt(std::uint8_t& byte) {
    if (spared()) return;
    context_.trace.say("a byte lands as another");
    context_.count(Fault::corrupt);
    context_.users.hard = true;
    byte = static_cast<std::uint8_t>(byte ^ 1u << context_.random.below(8));
}

/// A sender's queue pair breaks: everything flushes; what is on the wire may land later.
void World::sender_error(QueuePair& pair) {
    context_.trace.say("queue pair {} fails", pair.number);
    context_.users.hard = true;
    pair.state = QueuePair::State::error;
    EmbeddingHost& host = embedding_at(pair.owner);
    const auto flush = [&](const std::deque<WorkRequest>& requests) {
        for (const WorkRequest& request : requests) {
            host.completions.push_back({pair.number, request.attempt, request.round, false});
        }
    };
    const bool nothing = pair.landed.empty() && pair.wire.empty() && pair.queued.empty();
    flush(pair.landed);  // an acknowledgement may have been lost
    flush(pair.wire);
    flush(pair.queued);
    pair.landed.clear();
    pair.queued.clear();
    if (nothing) host.queue_pair_failed(pair.generation, "asynchronous event: queue pair fatal");
}

void World::receiver_error(QueuePair& pair) {
    context_.trace.say("queue pair {} fails", pair.number);
    context_.users.hard = true;
    pair.state = QueuePair::State::error;
    language_at(pair.owner).queue_pair_failed(pair.generation, "asynchronous event: queue pair fatal");
}

void World::crash(Place place) {
    context_.trace.say("CRASH of {}", context_.name_of(place));
    context_.count(is_embedding(place) ? Fault::crash_embedding : Fault::crash_language);
    context_.users.hard = true;
    restart(place);
}

void World::stop(Place place) {
    context_.count(is_embedding(place) ? Fault::stop_embedding : Fault::stop_language);
    context_.users.hard = true;
    if (is_embedding(place)) {
        embedding_at(place).shut_down();
    } else {
        language_at(place).shut_down();
    }
    restart(place);
}

/// The worker is gone with all it had; another begins at its place.
void World::restart(Place place) {
    for (auto& [number, pair] : context_.fabric.all()) {
        if (pair.owner == place) context_.fabric.destroy(number);
    }
    context_.network.crash(place, context_.now, context_.random);
    if (is_embedding(place)) {
        context_.users.lose_sends(place, context_.random);
        embeddings_[place] = std::make_unique<EmbeddingHost>(context_, place);
    } else {
        const auto index = static_cast<std::uint32_t>(place - embeddings_.size());
        context_.users.lose_receptions(index);
        languages_[index] = std::make_unique<LanguageHost>(context_, index);
    }
}

/// Time passes while nothing runs: to the next deadline, or far.
void World::jump() {
    if (spared()) return;
    context_.trace.say("JUMP");
    context_.count(Fault::jump);
    context_.users.hard = true;
    if (context_.random.percent(50)) return tick(protocol::kNever);
    context_.now += static_cast<std::int64_t>(context_.random.between(50, 4000)) * kTick;
    tick(protocol::Time::zero());
}

}  // namespace remit::sim
