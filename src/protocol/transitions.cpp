#include "protocol/transitions.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

namespace remit::protocol {
namespace {

template <class Table, class State, class Event>
void move_along(const Table& table, State& state, Event event, std::string_view what) {
    const auto next = next_state(table, state, event);
    if (!next) {
        throw Error(ErrorKind::internal,
                    fmt::format("{}: no transition from {} by {}", what, to_string(state), to_string(event)));
    }
    state = *next;
}

template <class Enum, std::size_t N>
std::string_view name_of(Enum value, const std::array<std::string_view, N>& names) {
    return names[static_cast<std::size_t>(value)];
}

}  // namespace

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

void advance(Status& state, RoomEventKind event) { move_along(kRoomTransitions, state, event, "room"); }
void advance(AttemptState& state, AttemptEvent event) { move_along(kAttemptTransitions, state, event, "attempt"); }
void advance(OfferMode& state, OfferEvent event) { move_along(kOfferTransitions, state, event, "offer"); }

}  // namespace remit::protocol
