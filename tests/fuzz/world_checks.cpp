// What must hold at the end of each script.

#include "require.hpp"
#include "world.hpp"

#include <algorithm>

namespace remit::fuzz {
namespace {

// Every wait has a deadline: the longest chain of them is a room's, its abort's and its generation's.
constexpr std::int64_t kLongEnough = 2000;
constexpr RoomId kHonestRoom = 0x5eed'0000'0001;
constexpr std::uint16_t kNewPort = 7003;

}  // namespace

/// Success is the right bytes, whatever an attacker with a key of his own has said.
void World::check_contents() {
    for (const auto& in : language_->incoming) {
        if (*in->tensors) require((*in->tensors)->guard_fault().empty(), "nothing is written beside a sink");
        if (betrayed_ || in->released || in->record->outcome.status() != Status::Success) continue;
        const std::vector<Content>& sent = sent_[in->room];
        std::string fault = "nothing was sent for its room";
        const bool right = std::any_of(sent.begin(), sent.end(), [&](const Content& content) {
            if (content.tokens != in->record->total) return false;
            fault = language_->fault(*in, content);
            return fault.empty();
        });
        require(right, "room " + std::to_string(in->room) + " is Success with what was sent: " + fault);
    }
    for (const auto& out : embedding_->outgoing) {
        require(out->tensors->fault(out->content).empty(), "a source is only read");
    }
}

void World::check_ends() {
    require(comes_true([this] { return embedding_->all_final(); }, kLongEnough), "every send ends");
    require(comes_true([this] { return language_->all_final(); }, kLongEnough), "every room ends");
    for (const auto& in : language_->incoming) {
        const bool failed = in->record->outcome.status() == Status::Failed;
        require(!failed || !in->record->outcome.reason().empty(), "a Failed room says why");
    }
    check_contents();
    for (const auto& in : language_->incoming) language_->release(*in);
    require(comes_true([this] { return language_->whole(); }, kLongEnough), "all blocks come back");
    require(embedding_->free_blocks() == 32, "all source blocks come back");
}

/// The attacked worker serves someone who has never been lied about: one request in two rounds, every byte of it.
void World::check_newcomer() {
    // The one it knew is gone, as if its process had died.
    if (target_ == Target::embedding) {
        language_ = std::make_unique<LanguageSide>(kNewPort, 2000, MemoryPolicy::shrink);
    } else {
        embedding_ = std::make_unique<EmbeddingSide>(kNewPort, 78);
    }
    // Sessions that the attacker has opened hold their places until they have been silent for long enough.
    for (int i = 0; i < 100; ++i) step(1);
    const Content content{kHonestRoom, 30, 1};
    const auto* out = embedding_->send(content, false);
    const auto* in = language_->receive(kHonestRoom, embedding_->wire.port(), 8, true);
    const auto ended = [&] {
        return is_final(in->record->outcome.status()) && is_final(out->record->outcome.status());
    };
    require(comes_true(ended, kLongEnough), "an honest request ends");
    require(in->record->outcome.status() == Status::Success,
            "an honest room is served: " + in->record->outcome.reason());
    require(out->record->outcome.status() == Status::Success,
            "an honest send succeeds: " + out->record->outcome.reason());
    require(language_->fault(*in, content).empty(), "an honest room has the right bytes");
}

void World::check_stop() {
    embedding_->stop();
    language_->stop();
    require(comes_true([this] { return embedding_->core.stopped(); }, kLongEnough), "the embedding worker stops");
    require(comes_true([this] { return language_->core.stopped(); }, kLongEnough), "the language worker stops");
}

}  // namespace remit::fuzz
