#include "protocol/transitions.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

namespace remit::protocol {
namespace {

thread_local TransitionCounts* observer = nullptr;

template <class Table, class State, class Event, class Counts>
void move_along(const Table& table, State& state, Event event, std::string_view what, Counts TransitionCounts::*counts) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].from != state || table[i].event != event) continue;
        if (observer != nullptr) ++(observer->*counts)[i];
        state = table[i].to;
        return;
    }
    throw Error(ErrorKind::internal,
                fmt::format("{}: no transition from {} by {}", what, to_string(state), to_string(event)));
}

template <std::size_t N>
void add_up(std::array<std::uint64_t, N>& sums, const std::array<std::uint64_t, N>& more) {
    for (std::size_t i = 0; i < N; ++i) sums[i] += more[i];
}

template <class Enum, std::size_t N>
std::string_view name_of(Enum value, const std::array<std::string_view, N>& names) {
    return names[static_cast<std::size_t>(value)];
}

}  // namespace

void TransitionCounts::add(const TransitionCounts& other) noexcept {
    add_up(rooms, other.rooms);
    add_up(attempts, other.attempts);
    add_up(offers, other.offers);
}

void count_transitions(TransitionCounts* counts) noexcept { observer = counts; }

std::string_view to_string(AttemptState state) noexcept {
    return name_of(state, std::array<std::string_view, 5>{"parked", "open", "failed", "ended", "yielded"});
}

std::string_view to_string(AttemptEvent event) noexcept {
    return name_of(event, std::array<std::string_view, 6>{"met", "completed", "failed", "given up", "drained",
                                                          "generation destroyed"});
}

std::string_view to_string(OfferMode mode) noexcept {
    return name_of(mode, std::array<std::string_view, 3>{"running", "yielding", "aborting"});
}

std::string_view to_string(OfferEvent event) noexcept {
    return name_of(event, std::array<std::string_view, 3>{"yield wanted", "round complete", "failed"});
}

std::string_view to_string(RoomEventKind event) noexcept {
    return name_of(event, std::array<std::string_view, 5>{"met", "round complete", "all complete", "restarted", "failed"});
}

void advance(Status& state, RoomEventKind event) {
    move_along(kRoomTransitions, state, event, "room", &TransitionCounts::rooms);
}
void advance(AttemptState& state, AttemptEvent event) {
    move_along(kAttemptTransitions, state, event, "attempt", &TransitionCounts::attempts);
}
void advance(OfferMode& state, OfferEvent event) {
    move_along(kOfferTransitions, state, event, "offer", &TransitionCounts::offers);
}

}  // namespace remit::protocol
