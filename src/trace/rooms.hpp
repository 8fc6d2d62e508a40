#pragma once

#include "trace/event_file.hpp"
#include "trace/rounds.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace remit::trace {

/// Puts together what happened to each room: its phases, one after the other, and its rounds, which overlap. A room is written
/// when it has ended, so that all that begins in the file also ends there, whatever was left out. Owned by one thread.
class Rooms {
public:
    Rooms(EventFile& file, Role role) : file_(file), role_(role) {}

    void take(const RoomMoment& moment);
    void take(const RoomEnd& end);
    void take(const RoundMoment& moment);
    void take(const CopyOut& copy);
    /// An INIT that goes out tells under which attempt its room is known to the peer.
    void take(const Message& message);

    /// "room 7", or "attempt 3" where the room is not known, or no more.
    [[nodiscard]] std::string name_of(const AttemptId& of) const;
    /// What has not ended ends at `time`, marked as such.
    void close(Nanoseconds time);

private:
    /// At a language worker a round has the number alone, since only one attempt of a room lives; at an embedding worker
    /// several ranks have rounds of the same number.
    using RoundKey = std::pair<AttemptId, std::uint32_t>;
    struct Phase {
        std::string_view name;
        Nanoseconds begin = 0;
    };
    struct Room {
        RoomId room = 0;
        bool copies = false;  ///< rounds are moved out
        bool asked = false;   ///< INIT is out
        std::vector<Phase> phases;
        std::map<RoundKey, RoundTrack> rounds;  ///< not written yet
        std::vector<AttemptId> attempts;
        std::uint64_t total = 0;
        std::uint64_t offered = 0;
        std::uint64_t complete = 0;
        std::uint64_t copied = 0;
    };

    [[nodiscard]] Room* at(std::uint64_t handle);
    [[nodiscard]] RoundTrack* round_at(Room& room, const AttemptId& of, std::uint32_t number);
    void link(const AttemptId& of, std::uint64_t handle, Room& room);
    void offer(Room& room, const RoomMoment& moment);
    void give_back(Room& room, std::uint64_t handle, Nanoseconds time);
    void end_round(Room& room, std::uint64_t handle, const RoundKey& key, Nanoseconds time, std::string_view how);
    void enter_phase(Room& room, Nanoseconds time);
    [[nodiscard]] std::string_view phase_of(const Room& room) const;
    void write(Room& room, std::uint64_t handle, Nanoseconds time, const std::string& args);

    EventFile& file_;
    const Role role_;
    std::unordered_map<std::uint64_t, Room> rooms_;                 ///< by handle
    std::unordered_map<RoomId, std::uint64_t> last_init_;           ///< handle of the last offer without a known attempt
    std::map<AttemptId, std::pair<std::uint64_t, RoomId>> attempts_;  ///< of rooms that have not ended
};

}  // namespace remit::trace
