// How rooms and sessions stand, for people who look.

#include "protocol/language/machine.hpp"

#include <algorithm>

namespace remit::protocol::language {
namespace {

/// Of several generations the one that matters most to rooms to come.
std::string_view state_of(const Session& session) {
    const auto any = [&](auto... states) {
        return std::any_of(session.generations.begin(), session.generations.end(), [&](const auto& entry) {
            return ((entry.second.state == states) || ...);
        });
    };
    if (any(Generation::State::up)) return "up";
    if (any(Generation::State::creating, Generation::State::registering)) return "opening";
    if (any(Generation::State::condemned)) return "condemned";
    return any(Generation::State::dying) ? "closing" : "idle";
}

}  // namespace

std::size_t Machine::unfinished_rooms() const {
    return static_cast<std::size_t>(
        std::count_if(rooms_.begin(), rooms_.end(), [](const auto& entry) { return !entry.second.final(); }));
}

RoomView Machine::view_of(const Room& room) const {
    RoomView view{.room = room.room,
                  .status = room.status,
                  .since = room.started,
                  .peer = room.session->embedding,
                  .total = room.total,
                  .waits_for = room.failing ? "copies into its sink to end" : waited_for(room)};
    const Attempt* attempt = attempt_of(room);
    if (attempt == nullptr) return view;
    view.session = room.session->id;
    for (const Round& round : attempt->rounds) {
        if (!round.copied || !room.sink) view.blocks += static_cast<std::uint32_t>(round.blocks.size());
        if (!round.complete) continue;
        ++view.rounds;
        view.tokens += std::min(round.first + round.capacity, room.total) - round.first;
    }
    return view;
}

std::vector<RoomView> Machine::oldest_rooms(std::size_t most) const {
    std::vector<const Room*> rooms;
    for (const auto& [handle, room] : rooms_) {
        if (!room.final()) rooms.push_back(&room);
    }
    const std::size_t count = std::min(most, rooms.size());
    std::partial_sort(rooms.begin(), rooms.begin() + static_cast<std::ptrdiff_t>(count), rooms.end(),
                      [](const Room* a, const Room* b) { return a->order < b->order; });
    std::vector<RoomView> views;
    for (std::size_t i = 0; i < count; ++i) views.push_back(view_of(*rooms[i]));
    return views;
}

std::vector<SessionView> Machine::session_views() const {
    std::vector<SessionView> views;
    for (const auto& [address, session] : sessions_) {
        SessionView view{.session = session.id,
                         .peer = address,
                         .state = state_of(session),
                         .generations = static_cast<std::uint32_t>(session.generations.size()),
                         .rooms = session.unopened.size() + session.attempts.size()};
        for (const auto& [number, generation] : session.generations) {
            if (!generation.live()) continue;
            view.heard = view.heard == kNever ? generation.heard : std::max(view.heard, generation.heard);
        }
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace remit::protocol::language
