#pragma once

#include <remit/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The state machines' transitions as data: the machines look every change up here, tests walk the tables, docs
/// draw them. What a table does not list is impossible.
namespace remit::protocol {

// ------------------------------------------------------------------ what users see of a room or a send

enum class RoomEventKind : std::uint8_t {
    met,             ///< `send` and INIT have met: the length is announced
    round_complete,  ///< a round is complete and more is to come
    all_complete,    ///< the last round is complete
    restarted,       ///< the attempt was given back before it started; a new one follows
    failed,
};

struct RoomTransition {
    Status from;
    RoomEventKind event;
    Status to;
};

inline constexpr std::array<RoomTransition, 12> kRoomTransitions{{
    {Status::Bootstrapping, RoomEventKind::met, Status::WaitingForInput},
    {Status::Bootstrapping, RoomEventKind::restarted, Status::Bootstrapping},
    {Status::Bootstrapping, RoomEventKind::failed, Status::Failed},
    {Status::WaitingForInput, RoomEventKind::met, Status::WaitingForInput},
    {Status::WaitingForInput, RoomEventKind::restarted, Status::Bootstrapping},
    {Status::WaitingForInput, RoomEventKind::round_complete, Status::Transferring},
    {Status::WaitingForInput, RoomEventKind::all_complete, Status::Success},
    {Status::WaitingForInput, RoomEventKind::failed, Status::Failed},
    {Status::Transferring, RoomEventKind::met, Status::Transferring},
    {Status::Transferring, RoomEventKind::round_complete, Status::Transferring},
    {Status::Transferring, RoomEventKind::all_complete, Status::Success},
    {Status::Transferring, RoomEventKind::failed, Status::Failed},
}};

// ------------------------------------------------------------------ an attempt at the embedding worker

enum class AttemptState : std::uint8_t {
    parked,   ///< INIT has come, `send` has not
    open,     ///< takes part in a send
    failed,   ///< posts no more data; its rounds are not closed, it waits for ABORT
    ended,    ///< finished and drained, remembered with its final STATUS
    yielded,  ///< gave its blocks back before a write, or was aborted before its INIT: answers everything with ABORTED
};

enum class AttemptEvent : std::uint8_t {
    met,                   ///< takes a place of a send
    completed,             ///< every write of every round completed with success
    failed,                ///< by either user, a deadline, or a message that does not fit
    given_up,              ///< yield or a later attempt of its room, before any write
    drained,               ///< ABORT answered: every round closed, every completion in
    generation_destroyed,  ///< its queue pairs are gone; one that was not finished has failed before
};

struct AttemptTransition {
    AttemptState from;
    AttemptEvent event;
    AttemptState to;
};

inline constexpr std::array<AttemptTransition, 8> kAttemptTransitions{{
    {AttemptState::parked, AttemptEvent::met, AttemptState::open},
    {AttemptState::parked, AttemptEvent::failed, AttemptState::failed},
    {AttemptState::parked, AttemptEvent::given_up, AttemptState::yielded},
    {AttemptState::open, AttemptEvent::completed, AttemptState::ended},
    {AttemptState::open, AttemptEvent::failed, AttemptState::failed},
    {AttemptState::open, AttemptEvent::given_up, AttemptState::yielded},
    {AttemptState::failed, AttemptEvent::drained, AttemptState::ended},
    {AttemptState::failed, AttemptEvent::generation_destroyed, AttemptState::ended},
}};

// ------------------------------------------------------------------ an attempt at the language worker

enum class OfferMode : std::uint8_t {
    running,   ///< offers rounds and takes what comes
    yielding,  ///< wants its blocks back if nothing has started
    aborting,  ///< waits for the fence
};

enum class OfferEvent : std::uint8_t {
    yield_wanted,    ///< announced rooms wait for memory that this one holds idle
    round_complete,  ///< a write had been posted: the yield is refused, the transfer goes on
    failed,          ///< the room fails: ABORT
};

struct OfferTransition {
    OfferMode from;
    OfferEvent event;
    OfferMode to;
};

inline constexpr std::array<OfferTransition, 5> kOfferTransitions{{
    {OfferMode::running, OfferEvent::yield_wanted, OfferMode::yielding},
    {OfferMode::running, OfferEvent::round_complete, OfferMode::running},
    {OfferMode::running, OfferEvent::failed, OfferMode::aborting},
    {OfferMode::yielding, OfferEvent::round_complete, OfferMode::running},
    {OfferMode::yielding, OfferEvent::failed, OfferMode::aborting},
}};

/// Where `event` leads from `from`; nothing where the table has no such edge.
template <class Table, class State, class Event>
[[nodiscard]] constexpr std::optional<State> next_state(const Table& table, State from, Event event) {
    for (const auto& row : table) {
        if (row.from == from && row.event == event) return row.to;
    }
    return std::nullopt;
}

/// How often each row of the tables was taken.
struct TransitionCounts {
    std::array<std::uint64_t, kRoomTransitions.size()> rooms{};
    std::array<std::uint64_t, kAttemptTransitions.size()> attempts{};
    std::array<std::uint64_t, kOfferTransitions.size()> offers{};
    void add(const TransitionCounts& other) noexcept;
};

/// Counts what this thread's state machines do from now on, for tests and simulations; nullptr: no more.
void count_transitions(TransitionCounts* counts) noexcept;

[[nodiscard]] std::string_view to_string(AttemptState state) noexcept;
[[nodiscard]] std::string_view to_string(AttemptEvent event) noexcept;
[[nodiscard]] std::string_view to_string(OfferMode mode) noexcept;
[[nodiscard]] std::string_view to_string(OfferEvent event) noexcept;
[[nodiscard]] std::string_view to_string(RoomEventKind event) noexcept;

/// Moves `state` along the table. @throws Error(internal) naming state and event where there is no such edge.
void advance(Status& state, RoomEventKind event);
void advance(AttemptState& state, AttemptEvent event);
void advance(OfferMode& state, OfferEvent event);

}  // namespace remit::protocol
