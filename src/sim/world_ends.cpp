// How a history ends: without new faults, everything must come to rest, and fresh rooms must all succeed.

#include "sim/violation.hpp"
#include "sim/world.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

namespace remit::sim {
namespace {

constexpr std::uint64_t kMostSteps = 200000;
constexpr protocol::Time kPatience = 60000 * kTick;

}  // namespace

/// The clock goes on to the next deadline, or by at most `at_most`.
void World::tick(protocol::Time at_most) {
    protocol::Time next = protocol::kNever;
    for (const auto& host : embeddings_) next = std::min(next, host->machine().next_deadline());
    for (const auto& host : languages_) next = std::min(next, host->machine().next_deadline());
    const protocol::Time limit = context_.now + std::min(at_most, 100 * kTick);
    const protocol::Time target = next == protocol::kNever      ? limit
                                  : at_most == protocol::kNever ? next
                                                                : std::min(next, context_.now + at_most);
    context_.now = std::max(context_.now, target);
    context_.trace.now = context_.now / kTick;
    for (const auto& host : embeddings_) {
        if (host->machine().next_deadline() <= context_.now) host->on_time();
    }
    for (const auto& host : languages_) {
        if (host->machine().next_deadline() <= context_.now) host->on_time();
    }
}

void World::settle(protocol::Time until) {
    std::uint64_t steps = 0;
    std::string why;
    while (true) {
        while (step(true)) {
            if (++steps > kMostSteps) throw Violation("LIVENESS: livelock");
        }
        why = unrest();
        if ((why.empty() && context_.now >= until) || context_.now > until + kPatience) break;
        tick(protocol::kNever);
    }
    if (!why.empty()) throw Violation("LIVENESS: " + why);
}

void World::fresh_rooms(bool late) {
    context_.trace.say("--- fresh rooms: all must succeed");
    Users& users = context_.users;
    hold_ = false;
    context_.network.release_held();
    context_.settings.faults.reset();
    users.hard = false;
    users.retries = users.reuses = 0;
    for (auto& [number, pair] : context_.fabric.all()) pair.stalled_until = {};
    for (std::uint64_t i = late ? context_.random.below(7) : 0; i > 0; --i) static_cast<void>(step(true));
    // A rejected room stays rejected for a while, as does one whose other ranks have failed before all had asked; the
    // others may be used again.
    const Statistics& seen = context_.statistics;
    const bool rejected = seen.came(Fault::reject_room) || seen.came(Fault::disagree);
    context_.random.shuffle(rooms_);
    std::set<RoomId> used;
    for (std::size_t i = 0; i < std::min<std::size_t>(rooms_.size(), 3); ++i) {
        const Room& room = rooms_[i];
        RoomId id = rejected || room.languages.size() > 1 || context_.random.percent(50) ? room.room + 1000 : room.room;
        while (!used.insert(id).second) id += 100;
        users.plan_room(id, room.embedding, room.languages, room.total, true);
    }
    settle(context_.now + 100 * kTick);
}

std::string World::unrest() {
    for (const auto& host : languages_) {
        if (std::string why = host->unrest(); !why.empty()) return why;
    }
    for (std::size_t i = 0; i < embeddings_.size(); ++i) {
        const auto& machine = embeddings_[i]->machine();
        if (machine.unfinished_sends() != 0 || !embeddings_[i]->sends().empty())
            return fmt::format("E{}: a send never final", i);
        if (machine.parked() != 0) return fmt::format("E{}: an attempt parked", i);
        if (embeddings_[i]->has_answers()) return fmt::format("E{}: driver not done", i);
        if (!context_.users.sends_to_come[i].empty()) return "users not done";
    }
    if (!context_.users.receptions_to_come.empty()) return "users not done";
    return generations_of_nobody();
}

/// Each sender's queue pair has a live receiver's; a receiver has one generation towards each sender.
std::string World::generations_of_nobody() {
    std::set<std::pair<std::uint64_t, std::uint64_t>> generations;
    std::set<std::uint64_t> sessions;
    for (const auto& [number, pair] : context_.fabric.all()) {
        if (!pair.live()) continue;
        if (is_embedding(pair.owner)) {
            const QueuePair* peer = context_.fabric.live_peer(pair);
            if (peer == nullptr) return fmt::format("{}: a generation of nobody", context_.name_of(pair.owner));
            continue;
        }
        if (!generations.insert({pair.generation.session, pair.generation.generation}).second) continue;
        if (!sessions.insert(pair.generation.session).second) {
            return fmt::format("{}: a generation that should have ended", context_.name_of(pair.owner));
        }
    }
    return "";
}

}  // namespace remit::sim
