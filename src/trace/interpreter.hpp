#pragma once

#include "trace/event_file.hpp"
#include "trace/rooms.hpp"
#include "trace/rows.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace remit::trace {

/// Makes the events of a file out of a worker's records, taken in the order in which they were noted. Owned by one thread.
class Interpreter {
public:
    Interpreter(EventFile& file, const Identity& identity);

    void take(const Record& record);
    /// What is under way ends now, marked as such. Once, after the last record.
    void close();

private:
    struct Session {
        std::uint32_t ordinal = 0;  ///< from 1: what people are shown in place of a random number
        Nanoseconds created = 0;
        Nanoseconds connected = 0;
        std::uint32_t queue_pairs = 0;
    };

    void take_one(const Message& message);
    void take_one(const SessionMoment& moment);
    void take_one(const RoomMoment& moment) { rooms_.take(moment); }
    void take_one(const RoomEnd& end) { rooms_.take(end); }
    void take_one(const RoundMoment& moment) { rooms_.take(moment); }
    void take_one(const CopyOut& copy) { rooms_.take(copy); }
    void take_one(const Chunk& chunk);
    void take_one(const Immediate& immediate);
    [[nodiscard]] Session& session_of(const AttemptId& of);
    void write_session(const AttemptId& of, const Session& session, Nanoseconds end);

    EventFile& file_;
    const Identity identity_;
    Rows rows_;
    Rooms rooms_;
    std::map<AttemptId, Session> sessions_;  ///< generations; attempt 0
    std::uint32_t session_count_ = 0;
};

}  // namespace remit::trace
