#pragma once

#include "protocol/config.hpp"
#include "protocol/language/actions.hpp"
#include "protocol/transitions.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// What the receiver's state machine remembers.
namespace remit::protocol::language {

/// One offer of blocks.
struct Round {
    std::uint64_t first = 0;
    std::uint64_t capacity = 0;
    BlockTable blocks;
    Time offered{};
    bool extra_credit = false;  ///< beyond the one round's credits that a room keeps to its end
    bool arrived = false;       ///< every immediate is in; MakeVisible was asked for
    bool complete = false;      ///< visible, and the aux of the first round read
    bool copying = false;       ///< CopyOut was asked for; it gives the blocks back
    bool copied = false;        ///< moved out, or kept where it is
    bool checking = false;      ///< Checksum was asked for
};

/// What a STATUS with checksums said.
struct Told {
    Status status = Status::Bootstrapping;
    std::uint64_t rounds = 0;
    plan::Checksums checksums{};
};

/// What is known of an attempt's checksums.
struct Checks {
    std::vector<plan::Checksums> rounds;  ///< as reckoned here, empty before; replaced by the fold of all up to that round
    std::uint32_t folded = 0;   ///< rounds that are folded: those from the first on without a gap
    std::optional<Told> told;   ///< the latest STATUS with checksums
    bool verified = false;      ///< the final STATUS has come and its checksums are those of what arrived
};

struct Attempt {
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit Attempt(const allocator_type& memory) : rounds(memory), immediates(memory) {}

    SessionId id;
    Handle handle = 0;
    std::pmr::vector<Round> rounds;
    std::pmr::vector<std::uint32_t> immediates;  ///< seen a queue pair
    std::optional<std::uint64_t> closed_rounds;  ///< from ABORTED: what the peer accepted; it is drained
    std::unique_ptr<Checks> checks;              ///< null: they were not asked for
    std::unique_ptr<std::string> judgement;  ///< a failure that waits for pending rounds: they may complete it all
    std::uint64_t init_tokens = 0;  ///< that INIT offers, in the blocks of the first round; 0: it only asks
    Time next_repeat = kNever;
    Backoff backoff;
    Time abort_deadline = kNever;
    Time init_deadline = kNever;   ///< for the first answer
    Time round_deadline = kNever;  ///< for the next arrival, while a round is open and the length known
    Time queued = kNever;  ///< earliest entry in the deadline queue
    std::uint32_t pending_visible = 0;  ///< MakeVisible asked for and not answered
    OfferMode mode = OfferMode::running;
    bool aborted_unseen = false;  ///< ABORTED -1: free after one dry poll
    bool holds_credit = false;
    bool dead = false;   ///< its queue pairs are destroyed
    bool heard = false;  ///< the peer has answered its INIT
    bool dirty = false;  ///< in the machine's list of attempts to look at

    [[nodiscard]] AttemptKey key() const noexcept { return id.attempt_key(); }
    [[nodiscard]] std::uint64_t offered() const {
        return rounds.empty() ? 0 : rounds.back().first + rounds.back().capacity;
    }
    [[nodiscard]] std::uint32_t least_immediates() const {
        std::uint32_t least = immediates.empty() ? 0 : immediates.front();
        for (const std::uint32_t seen : immediates) least = std::min(least, seen);
        return least;
    }
    [[nodiscard]] bool any_immediate() const {
        for (const std::uint32_t seen : immediates) {
            if (seen > 0) return true;
        }
        return false;
    }
};

/// Order in which waiting rooms are served: those that hold kept blocks, those that hold credits, those that hold
/// nothing; within each, oldest first.
struct WaitKey {
    std::uint8_t rank = 0;
    std::uint64_t since = 0;
    Handle handle = 0;
    auto operator<=>(const WaitKey&) const = default;
};

struct Session;

struct Room {
    Handle handle = 0;
    RoomId room = 0;
    Session* session = nullptr;  ///< of its embedding worker, until its end
    std::uint64_t attempt = 0;   ///< its number in the session; 0: none
    std::optional<std::uint64_t> expected = 0;  ///< nothing: guessed when its attempt opens
    std::string reason;
    std::uint64_t total = 0;       ///< 0 while unknown
    std::uint64_t sink_total = 0;  ///< what the sink was asked for; 0: not yet
    std::optional<WaitKey> waiting;
    Time waiting_since{};     ///< where it waits
    Aux aux{};
    BlockTable table;         ///< kept blocks after Success
    std::uint64_t order = 0;  ///< of receive()
    Time started{};
    Time deadline = kNever;
    Time register_deadline = kNever;  ///< while it has no attempt
    Time memory_deadline = kNever;  ///< while it waits for blocks or credits
    Time queued = kNever;  ///< earliest entry in the deadline queue
    std::uint32_t required = 1;
    std::uint32_t copies = 0;
    Status status = Status::Bootstrapping;
    SenderAnswer answer = SenderAnswer::none;
    bool sink = false;
    bool sink_ready = false;
    bool learned = false;       ///< its length has been told to the guess
    bool size_first = false;    ///< ask for the announcement before offering blocks
    bool failing = false;       ///< Failed is told when the copies in flight have ended
    bool growing = false;       ///< in the machine's set of rooms that would take more blocks
    bool owns_deadline = true;  ///< false: none but its deadline, a long one, ends it from here

    [[nodiscard]] bool final() const { return is_final(status); }
    [[nodiscard]] bool ending() const { return final() || failing; }
};

struct Generation {
    enum class State : std::uint8_t {
        creating,
        registering,
        up,
        condemned,  ///< an ABORT went unanswered: no new rooms; destroyed when its last room ends or one waits for memory
        dying,
    };
    std::uint64_t number = 0;
    State state = State::creating;
    std::uint64_t incarnation = 0;
    std::uint32_t queue_pairs = 1;  ///< agreed
    bool takes_reasons = false;     ///< agreed
    bool takes_yields = false;      ///< agreed
    std::vector<QueuePairAddress> local;
    std::string reason;       ///< why it dies
    bool tell_peer = false;   ///< CLOSE follows its end
    Time heard{};
    Time next_ping = kNever;
    std::uint64_t ping_sequence = 0;
    Time registering_since{};
    Time next_register{};
    Time queued = kNever;  ///< earliest entry in the deadline queue
    Backoff backoff;

    [[nodiscard]] bool live() const { return state == State::up || state == State::condemned; }
};

/// What this worker is to one embedding worker.
struct Session {
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit Session(const allocator_type& memory) : unopened(memory), attempts(memory) {}

    std::uint64_t id = 0;
    PeerAddress embedding;
    std::uint64_t top_generation = 0;
    std::uint64_t top_attempt = 0;
    std::optional<std::uint64_t> current;  ///< generation of new rooms
    std::uint32_t barren = 0;  ///< tries that went without a round since one was complete: generations lost, attempts given back unseen
    Backoff reopening;         ///< of the tries that follow those
    Time reopens{};            ///< none is begun before
    std::string lost{};        ///< why the latest of those went
    std::pmr::set<std::pair<std::uint64_t, Handle>> unopened;  ///< rooms without an attempt by order: they wait for a generation
    std::map<std::uint64_t, Generation> generations;
    std::pmr::map<std::uint64_t, Attempt> attempts;  ///< until fenced

    /// The number of the latest attempt that has this immediate: of those that are open or fenced no two share one.
    [[nodiscard]] std::uint64_t attempt_of(std::uint32_t immediate) const noexcept {
        return top_attempt - static_cast<std::uint32_t>(immediate_of(top_attempt) - immediate);
    }
};

/// A CLOSE that is repeated until {lost} or its deadline.
struct Closing {
    PeerAddress embedding;
    SessionId id;
    std::string reason;
    Time next{};
    Time deadline = kNever;
    Backoff backoff;
};

}  // namespace remit::protocol::language
