// What may happen next, and how likely.

#include "sim/world.hpp"

namespace remit::sim {
namespace {

// In hundredths: what is ordinary comes first, misfortunes come now and then.
constexpr std::uint32_t kOften = 400;
constexpr std::uint32_t kSoon = 300;
constexpr std::uint32_t kCopies = 200;
constexpr std::uint32_t kUsers = 100;
constexpr std::uint32_t kTicks = 150;
constexpr std::uint32_t kLoss = 30;
constexpr std::uint32_t kDuplicate = 10;
constexpr std::uint32_t kAbort = 15;
constexpr std::uint32_t kStall = 8;
constexpr std::uint32_t kDeath = 6;
constexpr std::uint32_t kPairError = 5;
constexpr std::uint32_t kReject = 3;

// The clock stands while a message is older than this, so that nobody is silent without a fault.
constexpr protocol::Time kSlow = 40 * kTick;

}  // namespace

void World::collect(bool calm) {
    options_.clear();
    const auto& queues = context_.network.queues();
    for (std::size_t i = 0; i < queues.size(); ++i) {
        const bool waits = queues[i].not_before > context_.now || (hold_ && queues[i].held);
        if (!waits) add(kOften, Step::deliver, i);
    }
    collect_workers();
    collect_wires();
    for (std::size_t i = 0; i < context_.users.receptions_to_come.size(); ++i) add(kUsers, Step::receive, i);
    if (calm) return;
    collect_faults();
    if (context_.now - context_.network.oldest(context_.now) <= kSlow) add(kTicks, Step::tick, 0);
}

void World::collect_workers() {
    for (std::size_t i = 0; i < embeddings_.size(); ++i) {
        EmbeddingHost& host = *embeddings_[i];
        if (host.has_completions()) add(kSoon, Step::embedding_completion, i);
        if (host.has_answers()) add(kOften, Step::embedding_answer, i);
        if (host.has_work()) add(kOften, Step::pump, i);
        const bool another = host.sends().size() < context_.settings.sends_at_once;
        for (std::size_t k = 0; k < host.sends().size(); ++k) {
            if (host.grows(k)) add(kUsers, Step::ready, i, k);
        }
        if (another && next_send(i) < context_.users.sends_to_come[i].size()) add(kUsers, Step::send, i);
    }
    for (std::size_t i = 0; i < languages_.size(); ++i) {
        LanguageHost& host = *languages_[i];
        if (host.has_completions()) add(kSoon, Step::language_completion, i);
        if (host.has_answers()) add(kCopies, Step::language_answer, i);
        for (std::size_t k = 0; k < host.kept(); ++k) add(kUsers, Step::release, i, k);
    }
}

void World::collect_wires() {
    context_.fabric.sweep();
    for (const auto& [number, pair] : context_.fabric.all()) {
        const bool moves = context_.now >= pair.stalled_until;
        if (moves && !pair.queued.empty()) add(kOften, Step::transmit, number);
        if (moves && !pair.wire.empty() && !(hold_ && !pair.live())) add(kOften, Step::land, number);
        if (!pair.landed.empty()) add(kSoon, Step::complete, number);
        if (pair.broken && pair.live()) add(kUsers, Step::break_pair, number);
    }
}

void World::collect_faults() {
    const Settings& s = context_.settings;
    const auto& queues = context_.network.queues();
    for (std::size_t i = 0; i < queues.size(); ++i) {
        if (s.has(Fault::loss) && queues[i].current) add(kLoss, Step::reconnect, i);
        if (s.has(Fault::duplicate)) add(kDuplicate, Step::duplicate, i);
    }
    for (const auto& [number, pair] : context_.fabric.all()) {
        if (!pair.live()) continue;
        const bool sender = is_embedding(pair.owner);
        if (s.has(Fault::stall) && sender && context_.now >= pair.stalled_until) add(kStall, Step::stall, number);
        const bool connected = pair.peer != 0;
        if (connected && s.has(sender ? Fault::sender_error : Fault::receiver_error)) {
            add(kPairError, Step::pair_error, number);
        }
    }
    for (Place place = 0; place < embeddings_.size() + languages_.size(); ++place) {
        const bool embedding = is_embedding(place);
        if (s.has(embedding ? Fault::crash_embedding : Fault::crash_language)) add(kDeath, Step::crash, place);
        if (s.has(embedding ? Fault::stop_embedding : Fault::stop_language)) add(kDeath, Step::stop, place);
    }
    if (s.has(Fault::abort_language)) {
        for (std::size_t i = 0; i < languages_.size(); ++i) {
            for (std::size_t k = 0; k < languages_[i]->rooms().size(); ++k) add(kAbort, Step::abort_room, i, k);
        }
    }
    if (s.has(Fault::abort_embedding)) {
        for (std::size_t i = 0; i < embeddings_.size(); ++i) {
            for (std::size_t k = 0; k < embeddings_[i]->sends().size(); ++k) add(kAbort, Step::cancel_send, i, k);
        }
    }
    if (s.has(Fault::reject_room)) {
        for (std::size_t i = 0; i < rooms_.size(); ++i) add(kReject, Step::reject_room, i);
    }
}

}  // namespace remit::sim
