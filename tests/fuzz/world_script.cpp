// The lines of a script: what the users do, what the network does, and what the attacker forges.

#include "world.hpp"

#include <algorithm>

namespace remit::fuzz {
namespace {

constexpr std::size_t kMostFrames = 12;
constexpr std::size_t kMostRooms = 24;

/// One of `all`, by number.
template <class Container>
auto* one_of(Container& all, std::size_t number) {
    return all.empty() ? nullptr : all[number % all.size()].get();
}

}  // namespace

void World::play_line() {
    switch (input_.byte() % 16) {
        case 0: return begin_send();
        case 1: return begin_receive();
        case 2:
            if (auto* out = one_of(embedding_->outgoing, input_.byte())) embedding_->cancel(*out);
            return;
        case 3:
            if (auto* in = one_of(language_->incoming, input_.byte())) language_->abort(*in);
            return;
        case 4:
            if (auto* in = one_of(language_->incoming, input_.byte())) language_->release(*in);
            return;
        case 5: return embedding_->reject(input_.byte() % 8);
        case 6:
            for (unsigned left = input_.byte() % 64; left > 0; --left) step(1);
            return;
        case 7: return step(input_.byte());  // a worker that did not run for so long
        case 8: (to_language() ? to_language_ : to_embedding_).lose = input_.byte() % 8; return;
        case 9: {
            Direction& way = to_language() ? to_language_ : to_embedding_;
            way.hold = !way.hold;
            return;
        }
        case 10: {
            Direction& way = to_language() ? to_language_ : to_embedding_;
            std::reverse(way.held.begin(), way.held.end());
            return;
        }
        case 11: {
            Wire& wire = to_language() ? embedding_->wire : language_->wire;
            const std::uint8_t how = input_.byte();
            wire.refusals = how % 8;
            wire.refusal = how & 64 ? control::SendResult::unreachable : control::SendResult::overflow;
            return;
        }
        case 12: return write_from_nothing();
        default: return forge();
    }
}

void World::begin_send() {
    if (embedding_->outgoing.size() >= kMostRooms) return;
    const Content content{input_.byte() % 8u, 1 + input_.byte() % kMostTokens, ++seed_};
    if (embedding_->send(content, input_.byte() % 2 == 0)) sent_[content.room].push_back(content);
}

void World::begin_receive() {
    if (language_->incoming.size() >= kMostRooms) return;
    const RoomId room = input_.byte() % 8;
    const std::uint64_t expected = input_.byte() % (kMostTokens + 1);
    language_->receive(room, embedding_->wire.port(), expected, input_.byte() % 2 == 0);
}

/// A message that was seen before, changed in up to three places.
void World::forge() {
    if (seen_.empty()) return;
    control::Frames frames = seen_[input_.byte() % seen_.size()];
    const std::uint8_t how = input_.byte();
    for (unsigned left = how % 4; left > 0; --left) spoil(frames);
    const unsigned times = how & 16 ? 1 + input_.byte() % 32 : 1;
    for (unsigned i = 0; i < times; ++i) deliver_forged(frames, (how & 8) != 0);
}

void World::spoil(control::Frames& frames) {
    if (frames.empty()) frames.emplace_back();
    const std::uint8_t where = input_.byte();
    std::string& frame = frames[where % frames.size()];
    switch (input_.byte() % 8) {
        case 0: frame = input_.text(); return;
        case 1: frame = std::to_string(input_.number()); return;
        case 2: {  // one part of a session id, of a block list, of a document: from one place on
            const std::size_t at = input_.byte() % (frame.size() + 1);
            frame.replace(at, input_.byte() % 8, input_.text());
            return;
        }
        case 3: {  // a number inside
            const std::size_t at = frame.find_first_of("0123456789", input_.number() % (frame.size() + 1));
            if (at == std::string::npos) return;
            const std::size_t end = std::min(frame.find_first_not_of("0123456789", at), frame.size());
            frame.replace(at, end - at, std::to_string(input_.number()));
            return;
        }
        case 4: {
            const control::Frames& other = seen_[input_.byte() % seen_.size()];
            if (!other.empty()) frame = other[input_.byte() % other.size()];
            return;
        }
        case 5:
            if (frames.size() < kMostFrames) frames.push_back(input_.text());
            return;
        case 6: frames.pop_back(); return;
        default:
            if (!frame.empty()) frame[input_.number() % frame.size()] = static_cast<char>(input_.byte());
    }
}

void World::write_from_nothing() {
    control::Frames frames(1 + input_.byte() % kMostFrames);
    for (std::string& frame : frames) frame = input_.text();
    deliver_forged(std::move(frames), input_.byte() % 2 == 0);
}

void World::deliver_forged(control::Frames frames, bool in_own_name) {
    Wire& to = target_ == Target::language ? language_->wire : embedding_->wire;
    const Wire& peer = target_ == Target::language ? embedding_->wire : language_->wire;
    // A language worker believes whoever is allowed to speak to it: its embedding workers.
    if (in_own_name || target_ == Target::language) betrayed_ = true;
    to.inbound.push_back({std::move(frames), kAddress, in_own_name ? std::to_string(peer.port()) : "another key"});
}

}  // namespace remit::fuzz
