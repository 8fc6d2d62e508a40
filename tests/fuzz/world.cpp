#include "world.hpp"

#include "require.hpp"

#include "protocol/codec.hpp"

namespace remit::fuzz {
namespace {

constexpr std::uint16_t kEmbeddingPort = 7001;
constexpr std::uint16_t kLanguagePort = 7002;
constexpr std::size_t kMostLines = 400;
constexpr std::size_t kMostSeen = 64;

}  // namespace

World::World(Target target, Input input) : target_(target), input_(input) {
    const bool waits = input_.byte() % 2 == 0;
    embedding_ = std::make_unique<EmbeddingSide>(kEmbeddingPort, 77);
    language_ = std::make_unique<LanguageSide>(kLanguagePort, 1000, waits ? MemoryPolicy::wait : MemoryPolicy::shrink);
}

void World::run() {
    for (std::size_t line = 0; line < kMostLines && !input_.empty(); ++line) {
        play_line();
        step(1);
    }
    to_language_ = {};
    to_embedding_ = {};
    embedding_->wire.refusals = language_->wire.refusals = 0;
    check_ends();
    check_newcomer();
    check_stop();
}

void World::step(std::int64_t milliseconds) {
    now_ += std::chrono::milliseconds(milliseconds);
    embedding_->core.woken({true, true, true});
    embedding_->core.step(now_);
    carry();
    language_->core.woken({true, true, true});
    language_->core.step(now_);
    carry();
    embedding_->take_back();
    // Strangers cost no connection that stays; a generation that is lost keeps its own for close_deadline.
    require(embedding_->wire.connections.size() <= kPeers, "connections of the embedding worker are bounded");
    require(language_->wire.connections.size() <= 64, "connections of the language worker are bounded");
}

void World::carry() {
    carry(embedding_->wire, true);
    carry(language_->wire, false);
}

void World::carry(Wire& from, bool towards_language) {
    Direction& way = towards_language ? to_language_ : to_embedding_;
    for (; !from.sent.empty(); from.sent.pop_front()) {
        const Wire::Sent& message = from.sent.front();
        check_message(message.frames, towards_language);
        const bool attacked = towards_language == (target_ == Target::language);
        if (attacked && seen_.size() < kMostSeen) seen_.push_back(message.frames);
        if (way.lose > 0) {
            --way.lose;
        } else {
            way.held.push_back(message);
        }
    }
    if (way.hold) return;
    Wire& to = towards_language ? language_->wire : embedding_->wire;
    for (; !way.held.empty(); way.held.pop_front()) {
        // What goes to another port goes to the attacker, who has read it already.
        if (way.held.front().to.port != to.port()) continue;
        to.inbound.push_back({std::move(way.held.front().frames), kAddress, std::to_string(from.port())});
    }
}

/// Whatever a worker was told, what it says is well-formed.
void World::check_message(const control::Frames& frames, bool towards_language) const {
    const auto fault = [](const auto& message) { return message ? std::string() : message.error().detail; };
    const std::string wrong = towards_language ? fault(protocol::decode_for_language(frames))
                                               : fault(protocol::decode_for_embedding(frames));
    require(wrong.empty(), "a worker says only what can be understood: " + wrong);
}

}  // namespace remit::fuzz
