#pragma once

#include "base/recycler.hpp"
#include "pool/allocator.hpp"
#include "protocol/config.hpp"
#include "protocol/deadline_queue.hpp"
#include "protocol/language/actions.hpp"
#include "protocol/language/first_guess.hpp"
#include "protocol/language/state.hpp"
#include "protocol/spare_tables.hpp"
#include "protocol/views.hpp"

#include <remit/layout.hpp>
#include <remit/options.hpp>

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace remit::protocol::language {

struct Config {
    Timing timing;
    Layout::Shape layout;
    BlockMap pool;                       ///< remote keys: what REGISTER tells
    std::uint64_t session_base = 1;      ///< random, of this worker's life; sessions count on from it
    std::uint32_t credits = 1024;        ///< receives for immediates
    std::uint64_t max_message = 0;
    std::uint32_t max_peers = 1024;
    std::uint32_t max_quarantine = 65536;  ///< failed rooms whose fence has not passed
    MemoryPolicy memory_policy = MemoryPolicy::shrink;
    bool overlap = true;
    GuessOptions guess;
    bool checksum = false;
};

struct Request {
    RoomId room = 0;
    PeerAddress embedding;
    std::optional<std::uint64_t> expected_tokens = 0;  ///< nothing: the machine guesses
    std::uint32_t required_dst_info_num = 1;
    bool sink = false;
    bool owns_deadline = true;
    Time deadline{};  ///< from now; zero: the configured room deadline, or the backstop where another owns it
};

/// Counted violations and oddities of peers.
struct Counters {
    std::uint64_t unknown_immediates = 0;
    std::uint64_t stale_answers = 0;
    std::uint64_t total_disagreements = 0;  ///< after Success was certain
    std::uint64_t checksum_mismatches = 0;
    // What was told again because no answer had come.
    std::uint64_t repeated_offers = 0;  ///< INIT and RESUME
    std::uint64_t repeated_aborts = 0;  ///< and yields
    std::uint64_t repeated_registers = 0;
    std::uint64_t repeated_closes = 0;
};

/// The receiver's side of the wire protocol, sans I/O: events in, actions out, the time an argument. The driver
/// executes actions() in order after each event and before the next one. Owned by one thread.
///
/// Rooms ask for blocks and credits; attempts offer rounds to the peer; a block goes back to the allocator only when
/// its round is complete, the peer said that the attempt is drained and its immediates are in, or its queue pairs are destroyed.
class Machine {
public:
    Machine(const Config& config, pool::BlockAllocator& allocator);

    // -- from the user
    void on_receive(Handle handle, const Request& request, Time now);
    void on_abort(Handle handle, const std::string& reason, Time now);
    /// Kept blocks come back.
    void on_release(Handle handle, Time now);
    void on_sink(Handle handle, const std::optional<std::string>& refusal, Time now);
    // -- from the control channel
    void on_message(const ToLanguage& message, Time now);
    // -- from the data plane
    void on_created(const GenerationKey& key, std::vector<QueuePairAddress> local, Time now);
    void on_create_failed(const GenerationKey& key, const std::string& reason, Time now);
    void on_generation_failed(const GenerationKey& key, const std::string& reason, Time now);
    /// Its queue pairs cannot be connected to the peer's: its rooms fail with that reason, since another generation would
    /// meet the same.
    void on_connect_failed(const GenerationKey& key, const std::string& reason, Time now);
    /// Nothing can be sent to the peer, now or later: its rooms fail, and no new generation is tried for them.
    void on_unreachable(const GenerationKey& key, const std::string& reason, Time now);
    void on_destroyed(const GenerationKey& key, Time now);
    void on_immediate(const GenerationKey& key, std::uint32_t queue_pair, std::uint32_t immediate, Time now);
    void on_dry(const GenerationKey& key, Time now);
    void on_visible(const AttemptKey& key, std::uint32_t round, const Aux& aux, Time now);
    void on_copied(const CopyOut& copy, Time now);
    void on_checksum(const Checksum& asked, const plan::Checksums& checksums, Time now);
    // -- time
    void on_time(Time now);
    [[nodiscard]] Time next_deadline() const;
    /// Fails every room with `reason`, tells the peers and destroys every generation: the worker is about to go.
    void shut_down(const std::string& reason, Time now);

    [[nodiscard]] std::vector<Action>& actions() noexcept { return actions_; }
    /// A table that an action carried and nobody reads any more: its memory serves later ones. Leaves it empty. Whoever does
    /// without pays in heap only.
    void reuse(BlockTable& table) { tables_.give(table); }
    [[nodiscard]] std::size_t rooms() const noexcept { return rooms_.size(); }
    [[nodiscard]] std::size_t unfenced_attempts() const;
    [[nodiscard]] std::uint32_t free_credits() const noexcept { return credits_; }
    [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }
    /// Failed rooms whose blocks may still be written into.
    [[nodiscard]] std::size_t quarantined() const noexcept { return quarantined_; }
    /// For people who look; the cost goes by all there are.
    [[nodiscard]] std::size_t unfinished_rooms() const;
    [[nodiscard]] std::vector<RoomView> oldest_rooms(std::size_t most) const;
    [[nodiscard]] std::vector<SessionView> session_views() const;
    /// Announced rooms short of blocks or credits.
    [[nodiscard]] std::size_t waiting_for_memory() const noexcept { return waiting_.size(); }
    [[nodiscard]] std::uint64_t guessed_tokens() const noexcept { return guess_.tokens(); }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

private:
    // sessions.cpp
    Session& session_of(const PeerAddress& embedding);
    [[nodiscard]] bool is_idle(const Session& session) const;
    bool make_place_for(const PeerAddress& embedding);
    [[nodiscard]] std::string refusal(const Request& request);
    Session* session_by_id(std::uint64_t id);
    Generation* generation_at(const GenerationKey& key);
    Generation* generation_for_new_rooms(Session& session);
    void put_off(Session& session, const std::string& reason);
    void prosper(Session& session);
    void repeat_register(Session& session, Generation& generation);
    void watch(const Session& session, Generation& generation);
    void handle(const Registered& m);
    void handle(const Ping& m);
    void handle(const Pong& m);
    [[nodiscard]] std::string disagreement(const Generation& generation, const Registered::Accepted& accepted) const;
    void refuse(Session& session, Generation& generation, const std::string& why, bool tell_peer = false);
    void lose_generation(Session& session, Generation& generation, const std::string& reason, bool tell_peer);
    void judge_dead(Attempt& attempt);
    void condemn(Session& session, std::uint64_t generation);
    void destroy_condemned();
    void begin_close(const Session& session, std::uint64_t generation, const std::string& reason,
                     std::uint64_t incarnation);

    // answers.cpp
    Attempt* answered_attempt(const SessionId& id, RoomId room);
    void handle(const StatusReport& m);
    void handle(const Aborted& m);

    // views.cpp
    [[nodiscard]] RoomView view_of(const Room& room) const;

    // checks.cpp
    void start_checks(Room& room, Attempt& attempt);
    void hear_checksums(Attempt& attempt, const StatusReport& m);
    [[nodiscard]] bool certain(const Room& room, const Attempt& attempt) const;
    void compare(Room& room, Attempt& attempt);

    // rooms.cpp
    void await_registered(Room& room);
    void enter_unopened(Room& room);
    void leave_unopened(const Room& room);
    void set_total(Room& room, std::uint64_t total);
    void fail_room(Room& room, const std::string& reason);
    void finish(Room& room, Status status);
    void succeed(Room& room, Attempt& attempt);
    void reap();
    [[nodiscard]] std::string waited_for(const Room& room) const;
    [[nodiscard]] std::string overdue(const Room& room) const;
    void set_answer(Room& room, SenderAnswer answer);
    void watch(Room& room);

    // attempts.cpp
    [[nodiscard]] std::uint64_t expected_tokens(const Room& room) const;
    void open_attempt(Session& session, Room& room, Generation& generation);
    void add_round(Attempt& attempt, std::uint32_t blocks, std::uint64_t capacity, bool extra);
    void progress(Attempt& attempt);
    [[nodiscard]] BlockTable kept_blocks(const Attempt& attempt, const Round& round);
    [[nodiscard]] BlockTable init_blocks(const Attempt& attempt);
    void complete_round(Room& room, Attempt& attempt, std::uint32_t number);
    void start_copies(Room& room, Attempt& attempt);
    void examine(Attempt& attempt);
    void fence(Attempt& attempt);
    void restart(Room& room, bool size_first);
    [[nodiscard]] bool all_here(const Room& room, const Attempt& attempt) const;

    // repeats.cpp
    [[nodiscard]] bool repeats(const Attempt& attempt) const;
    [[nodiscard]] Time next_repeat(const Room& room, Attempt& attempt) const;
    void repeat(Attempt& attempt);
    void tell_round(const Room& room, const Attempt& attempt, const Round& round);
    void watch(Attempt& attempt);
    void watch_round(Attempt& attempt);
    [[nodiscard]] std::string overdue(const Attempt& attempt) const;

    // memory.cpp
    void settle();
    void update_wants(Room& room);
    [[nodiscard]] std::uint32_t fits(const Room& room) const;
    void grant(Room& room, std::uint32_t blocks, bool extra);
    void serve();
    void ask_back();
    void open_rooms();
    void overlap();

    // timers.cpp
    void enter(Time now);
    void rooms_due();
    void attempts_due();
    void sessions_due();
    void closings_due();

    void tell(const Session& session, std::uint64_t generation, ToEmbedding message);
    void note(const Room& room, std::string_view what, std::uint32_t round = 0, plan::TokenRange range = {},
              std::uint32_t blocks = 0, Time waited = {});
    void touch(Attempt& attempt);
    Attempt* attempt_at(const AttemptKey& key);
    /// Its present one; null: none.
    [[nodiscard]] static Attempt* attempt_of(const Room& room);
    [[nodiscard]] Room* room_at(Handle handle);
    [[nodiscard]] std::uint32_t queue_pairs_of(const Attempt& attempt) const noexcept {
        return static_cast<std::uint32_t>(attempt.immediates.size());
    }

    Config config_;
    Layout layout_;
    FirstGuess guess_;
    pool::BlockAllocator& allocator_;
    Recycler memory_;     ///< of the containers below whose elements come and go with rooms and rounds
    SpareTables tables_;  ///< likewise
    Time now_{};
    bool started_ = false;
    bool shutting_down_ = false;
    std::uint32_t credits_ = 0;
    std::uint32_t dying_ = 0;  ///< generations whose destruction is asked for and not done
    std::uint32_t condemned_ = 0;
    std::uint64_t order_ = 0;
    std::pmr::map<PeerAddress, Session> sessions_{&memory_};
    std::uint64_t session_count_ = 0;  ///< ever made
    std::vector<Session*> unopened_;   ///< sessions that have rooms without an attempt, by number
    std::size_t quarantined_ = 0;      ///< attempts that wait for their fence
    std::unordered_map<std::uint64_t, Session*> sessions_by_id_;
    std::pmr::unordered_map<Handle, Room> rooms_{&memory_};
    std::pmr::set<WaitKey> waiting_{&memory_};  ///< announced rooms short of blocks or credits
    std::pmr::set<std::pair<std::uint64_t, Handle>> growing_{&memory_};  ///< rooms that overlapped rounds could serve, oldest first
    std::pmr::set<Handle> unstarted_{&memory_};  ///< rooms that hold blocks and know no total
    std::vector<std::pair<std::uint64_t, Handle>> kept_;  ///< scratch of ask_back()
    std::vector<Session*> up_;                            ///< scratch of open_rooms()
    std::vector<AttemptKey> dirty_;
    std::vector<Handle> reapable_;
    std::vector<Closing> closings_;
    DeadlineQueue<Handle> room_deadlines_;
    DeadlineQueue<Handle> attempt_deadlines_;  ///< of the rooms' attempts: a room has one at a time
    DeadlineQueue<GenerationKey> generation_deadlines_;
    Counters counters_;
    std::vector<Action> actions_;
};

}  // namespace remit::protocol::language
