#pragma once

#include "protocol/embedding/actions.hpp"
#include "protocol/time.hpp"
#include "protocol/transitions.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

/// What the sender's state machine remembers.
namespace remit::protocol::embedding {

struct Round {
    plan::TokenRange range;
    std::uint64_t capacity = 0;
    BlockTable blocks;
    bool written = false;
    plan::Checksums checksums{};  ///< once written, where they were agreed
};

/// One INIT offer of one language worker.
struct Attempt {
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit Attempt(const allocator_type& memory) : rounds(memory) {}

    SessionId id;
    RoomId room = 0;
    std::string reason;
    std::unique_ptr<plan::Checksums> chain;  ///< of the first `folded` rounds; null: none were agreed with its peer
    std::optional<SendId> send;     ///< the send it takes part in
    std::optional<SendId> reading;  ///< the send whose source its work in flight reads; outlives a yield
    std::pmr::vector<Round> rounds;
    BlockTable offered_blocks;  ///< of INIT, until `send` comes
    std::uint64_t offered_tokens = 0;
    Time deadline = kNever;
    Time awaits_since{};       ///< when it came to be its receiver's turn
    Time queued = kNever;      ///< earliest entry in the deadline queue
    std::uint32_t required = 1;
    std::uint32_t folded = 0;  ///< rounds that are written without a gap
    AttemptState state = AttemptState::parked;
    Status status = Status::Bootstrapping;  ///< what STATUS reports
    SenderAnswer answer = SenderAnswer::not_ready;
    bool tells_answers = false;  ///< agreed with its peer
    bool posted = false;         ///< a write has been handed to the NIC
    bool closing = false;        ///< ABORT has come
    bool closed = false;         ///< CloseRounds was asked for
    bool in_flight = false;
    bool remembered = false;     ///< it has ended and is here only to answer late messages

    [[nodiscard]] AttemptKey key() const noexcept { return id.attempt_key(); }
    [[nodiscard]] std::uint64_t accepted_end() const { return rounds.empty() ? 0 : rounds.back().range.end(); }
    /// Nothing of it can be written any more and nothing is owed to it.
    [[nodiscard]] bool drained() const {
        return state == AttemptState::ended || state == AttemptState::yielded ||
               (state == AttemptState::failed && rounds.empty());
    }
    [[nodiscard]] bool unfinished() const { return state == AttemptState::parked || state == AttemptState::open; }
    /// All that was asked for is written: the next step is the language worker's.
    [[nodiscard]] bool all_written() const { return folded == rounds.size(); }
};

struct Generation {
    std::uint64_t number = 0;
    std::optional<Registered> answer;  ///< once built; a repeated REGISTER gets it again
    std::uint32_t block_size = 0;
    std::uint32_t pool_blocks = 0;
    bool tells_answers = false;
    bool checksum = false;
    Time heard{};
    Time next_ping{};
    std::uint64_t ping_sequence = 0;
    Time queued = kNever;  ///< earliest entry in the deadline queue
};

using Attempts = std::pmr::map<std::uint64_t, Attempt>;  ///< by their number

/// One language worker incarnation.
struct Session {
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit Session(const allocator_type& memory) : attempts(memory), unfinished(memory), newest(memory) {}

    std::uint64_t id = 0;
    PeerAddress address;
    Time heard{};  ///< anything of it
    std::uint64_t top_generation = 0;
    std::uint64_t top_attempt = 0;
    std::uint64_t forgotten = 0;  ///< highest attempt that was forgotten to keep the limit of all sessions
    std::map<std::uint64_t, Generation> generations;
    Attempts attempts;  ///< the window, and what is held beyond it
    std::pmr::unordered_multimap<RoomId, std::uint64_t> unfinished;  ///< parked and open attempts of a room
    std::pmr::unordered_map<RoomId, std::uint64_t> newest;  ///< highest attempt of a room in the window
};

/// True where the attempt is too old to be remembered by a window of that size.
[[nodiscard]] bool left_of_window(const Session& session, std::uint64_t attempt, std::uint32_t window);

struct SendRecord {
    enum class State : std::uint8_t { open, failing };
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit SendRecord(const allocator_type& memory) : takers(memory) {}

    SendId id = 0;
    RoomId room = 0;
    std::uint64_t total = 0;
    std::uint64_t ready = 0;  ///< tokens of the source that may be read
    Time begun{};
    State state = State::open;
    Status status = Status::Bootstrapping;
    std::string reason;
    std::pmr::vector<AttemptKey> takers;  ///< at most one a session
    std::uint32_t required = 0;      ///< from the first taker, 0 before
    std::uint32_t succeeded = 0;
    std::uint32_t failed = 0;        ///< takers that failed while the others went on
    std::uint32_t missing = 0;       ///< ranks that did not come in time; their places are closed
    std::uint32_t in_flight = 0;     ///< attempts whose work reads the source
    Time deadline = kNever;          ///< for the takers to come
};

/// A send of several ranks has ended before all of them came: each that comes late is told so, once.
struct Aftermath {
    std::string reason;
    std::set<std::uint64_t> sessions;  ///< that took part or were told
    std::uint32_t left = 0;            ///< ranks to come
    Time deadline = kNever;
};

/// reject(): what every INIT of the room is answered with until the deadline or a new send.
struct Rejection {
    std::string reason;
    Time deadline = kNever;
};

}  // namespace remit::protocol::embedding
