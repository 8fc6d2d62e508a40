// What happens when nothing goes wrong: messages, writes, completions, users.

#include "protocol/codec.hpp"
#include "sim/violation.hpp"
#include "sim/world.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>

namespace remit::sim {
namespace {

/// A message as its receiver gets it: through its frames.
Message through_frames(const Message& message) {
    const auto refused = [](const protocol::DecodeError& error) {
        return Violation("a message does not survive its frames: " + error.detail);
    };
    if (const auto* to_embedding = std::get_if<protocol::ToEmbedding>(&message)) {
        auto decoded = protocol::decode_for_embedding(protocol::encode(*to_embedding));
        if (!decoded) throw refused(decoded.error());
        return *decoded;
    }
    auto decoded = protocol::decode_for_language(protocol::encode(std::get<protocol::ToLanguage>(message)));
    if (!decoded) throw refused(decoded.error());
    return *decoded;
}

}  // namespace

bool World::step(bool calm) {
    Trace& trace = context_.trace;
    trace.step = ++context_.statistics.steps;
    trace.now = context_.now / kTick;
    if (!calm && context_.settings.has(Fault::jump) && context_.random.below(250) == 0) {
        jump();
        return true;
    }
    collect(calm);
    if (options_.empty()) return false;
    std::uint64_t sum = 0;
    for (const Option& option : options_) sum += option.weight;
    std::uint64_t drawn = context_.random.below(sum);
    std::size_t chosen = 0;
    while (drawn >= options_[chosen].weight) drawn -= options_[chosen++].weight;
    const Option option = options_[chosen];
    trace.mix(static_cast<std::uint64_t>(option.step) << 32 | option.subject);
    take(option);
    return true;
}

void World::take(const Option& option) {
    const std::uint32_t subject = option.subject;
    switch (option.step) {
        case Step::deliver: return deliver(subject);
        case Step::embedding_completion: return embeddings_[subject]->take_completion();
        case Step::language_completion: return languages_[subject]->take_completion();
        case Step::embedding_answer: return embeddings_[subject]->answer();
        case Step::language_answer: return languages_[subject]->answer();
        case Step::pump: return embeddings_[subject]->pump(context_.random.between(1, 6));
        case Step::send: return begin_send(subject);
        case Step::ready: return embeddings_[subject]->user_ready(option.object);
        case Step::release: return languages_[subject]->user_release(option.object);
        case Step::transmit: return transmit(*context_.fabric.find(subject));
        case Step::land: return land(*context_.fabric.find(subject));
        case Step::complete: return complete(*context_.fabric.find(subject));
        case Step::break_pair: return sender_error(*context_.fabric.find(subject));
        case Step::receive: {
            auto& planned = context_.users.receptions_to_come;
            const Reception reception = planned[subject];
            planned.erase(planned.begin() + static_cast<std::ptrdiff_t>(subject));
            return languages_[reception.language]->user_receive(reception);
        }
        default: return take_fault(option);
    }
}

void World::deliver(std::size_t index) {
    const Place to = context_.network.queues()[index].to;
    Envelope envelope = context_.network.take(index);
    if (context_.random.below(16) == 0) envelope.message = through_frames(envelope.message);
    if (is_embedding(to)) {
        embedding_at(to).deliver(std::get<protocol::ToEmbedding>(envelope.message));
    } else {
        language_at(to).deliver(std::get<protocol::ToLanguage>(envelope.message));
    }
}

/// The next planned send that may begin: a second one of an unfinished room is misuse, which the worker refuses.
std::size_t World::next_send(std::size_t embedding) const {
    const auto& planned = context_.users.sends_to_come[embedding];
    const auto found = std::find_if(planned.begin(), planned.end(), [&](const PlannedSend& send) {
        return !embeddings_[embedding]->machine().has_unfinished_send(send.room);
    });
    return static_cast<std::size_t>(found - planned.begin());
}

void World::begin_send(std::uint32_t embedding) {
    auto& planned = context_.users.sends_to_come[embedding];
    const std::size_t which = next_send(embedding);
    const PlannedSend next = planned[which];
    planned.erase(planned.begin() + static_cast<std::ptrdiff_t>(which));
    embeddings_[embedding]->user_send(next);
}

/// The NIC reads what is sent in place.
void World::transmit(QueuePair& pair) {
    WorkRequest request = std::move(pair.queued.front());
    pair.queued.pop_front();
    if (request.send != 0) context_.users.check_source(request.send);
    std::size_t offset = 0;
    for (const auto& [address, bytes] : request.pieces) {
        if (address != 0) std::memcpy(request.data.data() + offset, context_.memory.at(address, bytes), bytes);
        offset += bytes;
    }
    pair.wire.push_back(std::move(request));
}

/// A part of the oldest write lands, in packets as the wire likes.
void World::land(QueuePair& pair) {
    const QueuePair* peer = context_.fabric.live_peer(pair);
    if (peer == nullptr) {
        context_.trace.say("drop what is on queue pair {}", pair.number);
        pair.wire.clear();
        pair.broken = true;
        return;
    }
    WorkRequest& request = pair.wire.front();
    LanguageHost& receiver = language_at(peer->owner);
    if (request.is_immediate) {
        context_.trace.say("land immediate {} on queue pair {}", request.immediate, peer->number);
        receiver.land_immediate(peer->number, request.immediate);
    } else {
        const std::uint64_t left = request.data.size() - request.landed;
        const std::uint64_t bytes =
            left > 1 && context_.random.percent(20) ? context_.random.between(1, left - 1) : left;
        context_.trace.say("land {} bytes of {}.{}.{} round {}", bytes, request.attempt.session,
                           request.attempt.generation, request.attempt.attempt, request.round);
        if (context_.settings.has(Fault::corrupt) && bytes > 0 && context_.random.percent(4)) {
            corrupt(request.data[request.landed + context_.random.below(bytes)]);
        }
        receiver.land(request, request.landed, bytes);
        request.landed += bytes;
        if (bytes < left) return;
    }
    if (pair.live()) pair.landed.push_back(std::move(request));
    pair.wire.pop_front();
}

void World::complete(QueuePair& pair) {
    const WorkRequest& done = pair.landed.front();
    embedding_at(pair.owner).completions.push_back({pair.number, done.attempt, done.round, true});
    pair.landed.pop_front();
}

}  // namespace remit::sim
