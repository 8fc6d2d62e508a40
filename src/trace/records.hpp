#pragma once

#include <remit/types.hpp>

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>

/// What a worker's thread notes down while it works: small values of fixed size, raw. What they mean together, such as how
/// long a round was on the wire, is found out later by who writes the file.
namespace remit::trace {

/// Of CLOCK_MONOTONIC, which is what std::chrono::steady_clock reads on Linux; 0: it has not happened.
using Nanoseconds = std::int64_t;

[[nodiscard]] inline Nanoseconds now() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// An attempt of a room as both sides name it; attempt 0: the session's generation itself.
struct AttemptId {
    std::uint64_t session = 0;
    std::uint64_t generation = 0;
    std::uint64_t attempt = 0;
    auto operator<=>(const AttemptId&) const = default;
};

enum class MessageType : std::uint8_t { reg, registered, init, resume, status, abort, aborted, close, ping, pong };
/// What kind of a message of its type it is.
enum class MessageKind : std::uint8_t { none, accepted, refused, lost, abort, yield, drained, undrained };

/// A control message. Sent: from before it was handed to the channel until after. Received: from when it was read until
/// what it asks for was done.
struct Message {
    Nanoseconds begin = 0;
    Nanoseconds end = 0;
    bool sent = false;
    MessageType type = MessageType::ping;
    MessageKind kind = MessageKind::none;
    Status status = Status::Failed;  ///< of STATUS
    RoomId room = 0;
    AttemptId of{};
    std::uint64_t incarnation = 0;
    std::uint64_t rounds = 0;       ///< of STATUS and ABORTED
    std::uint64_t sent_tokens = 0;  ///< of STATUS and RESUME
    std::uint64_t tokens = 0;       ///< offered by INIT and RESUME, in total by STATUS
    std::uint64_t blocks = 0;       ///< of INIT and RESUME
    std::uint64_t sequence = 0;     ///< of PING and PONG, likewise what follows
    std::uint64_t ping_ns = 0;      ///< clock of whom PING came from
    std::uint64_t pong_ns = 0;      ///< clock of whom PONG came from
};

enum class SessionStep : std::uint8_t {
    created,    ///< queue pairs are there, those of the peer are not known (language worker)
    connected,  ///< to those of the peer
    destroyed,
};

struct SessionMoment {
    Nanoseconds time = 0;
    SessionStep step = SessionStep::created;
    AttemptId of{};
    std::uint32_t queue_pairs = 0;
};

enum class RoomStep : std::uint8_t {
    begun,           ///< receive() or send() has reached the worker
    init,            ///< language worker: an attempt, with its offer
    met,             ///< the length is known there; `send` and INIT have met here
    resume,          ///< language worker: another offer
    round_complete,  ///< language worker
    copied_out,      ///< language worker
    given_back,      ///< language worker: to be asked for anew
};

/// `handle` numbers the receive() or send(), and is never used again.
struct RoomMoment {
    Nanoseconds time = 0;
    RoomStep step = RoomStep::begun;
    bool copies = false;  ///< of `begun`: a language worker's rounds are moved out into its user's tensors
    std::uint32_t round = 0;
    std::uint32_t blocks = 0;
    std::uint64_t handle = 0;
    RoomId room = 0;  ///< of `begun`
    std::uint64_t first_token = 0;
    std::uint64_t tokens = 0;
};

struct RoomEnd {
    Nanoseconds time = 0;
    std::uint64_t handle = 0;
    Status status = Status::Failed;
    std::uint64_t tokens = 0;
    std::array<char, 96> reason{};  ///< as much of it as there is room for; ends with 0

    void set_reason(std::string_view text) noexcept {
        const std::size_t length = text.copy(reason.data(), reason.size() - 1);
        reason[length] = 0;
    }
};

enum class RoundStep : std::uint8_t {
    accepted,  ///< embedding worker: may be written now
    written,   ///< embedding worker: every completion is in
    arrived,   ///< language worker: every immediate is in
    visible,   ///< language worker: flushed where that is needed, and copied to where its user reads
};

struct RoundMoment {
    Nanoseconds time = 0;
    RoundStep step = RoundStep::accepted;
    std::uint32_t round = 0;
    std::uint32_t blocks = 0;
    AttemptId of{};
    std::uint64_t handle = 0;       ///< of `accepted`, likewise what follows
    std::uint64_t first_token = 0;
    std::uint64_t tokens = 0;
};

/// A round moved out into the user's tensors, from the submission of its copies to their end.
struct CopyOut {
    Nanoseconds begin = 0;
    Nanoseconds end = 0;
    std::uint64_t handle = 0;
    std::uint32_t round = 0;
};

/// What one chunk of a round put on one queue pair, and when it passed each stage.
struct Chunk {
    Nanoseconds staged = 0;     ///< its gather, where it has one, was submitted
    Nanoseconds gathered = 0;
    Nanoseconds posted = 0;     ///< its first work request was about to be
    Nanoseconds completed = 0;  ///< its last completion was in, or it was dropped
    AttemptId of{};
    std::uint32_t round = 0;
    std::uint32_t number = 0;  ///< in its part of the round
    std::uint32_t lane = 0;    ///< queue pair of the generation
    std::uint32_t rail = 0;
    std::int32_t region = -1;  ///< send region that it is read from; -1: it is sent where it lies
    bool shared = false;       ///< gathered for another rank
    bool success = false;
    std::uint64_t bytes = 0;   ///< on the wire; 0: an immediate alone
};

/// An immediate that has arrived: the end of a round on one queue pair.
struct Immediate {
    Nanoseconds time = 0;
    AttemptId of{};  ///< attempt 0
    std::uint32_t queue_pair = 0;
    std::uint32_t value = 0;  ///< low 32 bits of the attempt
};

using Record =
    std::variant<Message, SessionMoment, RoomMoment, RoomEnd, RoundMoment, CopyOut, Chunk, Immediate>;
static_assert(std::is_trivially_copyable_v<Record>, "records are copied into a ring as they are");

}  // namespace remit::trace
