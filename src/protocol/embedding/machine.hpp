#pragma once

#include "base/recycler.hpp"
#include "protocol/config.hpp"
#include "protocol/deadline_queue.hpp"
#include "protocol/embedding/actions.hpp"
#include "protocol/embedding/state.hpp"
#include "protocol/spare_tables.hpp"
#include "protocol/views.hpp"

#include <remit/layout.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace remit::protocol::embedding {

struct Config {
    Timing timing;
    Layout::Shape layout;
    std::uint64_t incarnation = 1;      ///< random, of this worker's life
    std::uint32_t attempt_window = 65536;
    std::uint32_t max_attempts = 1u << 18;  ///< ended ones that are remembered, of all sessions
    std::uint32_t max_peers = 1024;
    std::uint32_t max_parked = 65536;   ///< INITs without a send
    std::uint64_t max_parked_blocks = 1u << 24;  ///< that those INITs name
    std::uint32_t max_generations = 16;  ///< a session
    std::uint32_t max_queue_pairs = 1;  ///< a session and rail
    std::uint32_t rails = 1;
    std::uint64_t max_message = 0;
    OnDeadRank on_dead_rank = OnDeadRank::fail;
    bool checksums = true;  ///< can be reckoned here: the CPU reads what is sent
};

/// The sender's side of the wire protocol, sans I/O: events in, actions out, the time an argument. The driver
/// executes actions() in order after each event and before the next one. Owned by one thread.
///
/// Sessions (one a language worker incarnation) carry generations of queue pairs and attempts; an attempt that met its
/// `send` carries rounds. Rules and their reasons: the wire protocol's description in docs, named in comments by word.
class Machine {
public:
    explicit Machine(const Config& config);

    // -- from the control channel
    void on_message(const ToEmbedding& message, Time now);
    // -- from the user
    /// `ready`: tokens of the source that may be read already; nothing: all.
    void on_send(SendId id, RoomId room, std::uint64_t total_tokens, Time now, std::optional<std::uint64_t> ready = {});
    /// Tokens [0, ready) may be read. Never fewer than before.
    void on_ready(SendId id, std::uint64_t ready, Time now);
    void on_cancel(SendId id, const std::string& reason, Time now);
    void on_reject(RoomId room, const std::string& reason, Time now);
    // -- from the data plane
    void on_built(const GenerationKey& key, std::vector<QueuePairAddress> local, Time now);
    void on_build_failed(const GenerationKey& key, const std::string& reason, Time now);
    void on_generation_failed(const GenerationKey& key, const std::string& reason, Time now);
    void on_posted(const AttemptKey& key);
    void on_progress(const AttemptKey& key, Time now);
    /// `checksums` of the round's source where checksum_wanted() says so, else empty.
    void on_round_written(const AttemptKey& key, std::uint32_t round, Time now, plan::Checksums checksums = {});
    void on_idle(const AttemptKey& key, Time now);
    // -- time
    void on_time(Time now);
    [[nodiscard]] Time next_deadline() const;
    /// Ends everything with `reason` and tells the peers: the worker is about to go.
    void shut_down(const std::string& reason, Time now);
    /// From now on whoever asks for a room without a `send` is told that it never comes.
    void begin_nothing(const std::string& reason, Time now);

    /// Tokens of a round whose checksums go with on_round_written(), and the send whose source holds them. Asked just
    /// before: until then the source is not its user's.
    struct ChecksumWanted {
        SendId send = 0;
        plan::TokenRange range;
    };
    [[nodiscard]] std::optional<ChecksumWanted> checksum_wanted(const AttemptKey& key, std::uint32_t round);

    [[nodiscard]] std::vector<Action>& actions() noexcept { return actions_; }
    /// A table that an action carried and nobody reads any more: its memory serves later ones. Leaves it empty. Whoever does
    /// without pays in heap only.
    void reuse(BlockTable& table) { tables_.give(table); }
    [[nodiscard]] bool has_unfinished_send(RoomId room) const { return send_of_room_.count(room) != 0; }
    [[nodiscard]] std::size_t unfinished_sends() const noexcept { return sends_.size(); }
    [[nodiscard]] std::size_t parked() const noexcept { return parked_.size(); }
    [[nodiscard]] std::uint64_t parked_blocks() const noexcept { return parked_blocks_; }
    [[nodiscard]] std::size_t rejections() const noexcept { return rejections_.size(); }
    [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }
    [[nodiscard]] std::size_t generations() const;
    /// Ended attempts that answer late messages.
    [[nodiscard]] std::size_t remembered_attempts() const noexcept { return remembered_; }
    /// For people who look; the cost goes by all there are.
    [[nodiscard]] std::vector<RoomView> oldest_sends(std::size_t most) const;
    [[nodiscard]] std::vector<SessionView> session_views() const;

private:
    struct Found {
        Session* session = nullptr;
        Generation* generation = nullptr;
    };

    // registration.cpp
    void handle(const Register& m);
    void handle(const ForeignRegister& m);
    void handle(const Close& m);
    void handle(const Ping& m);
    void handle(const Pong& m);
    [[nodiscard]] std::string refusal(const Register& m) const;
    [[nodiscard]] std::vector<QueuePairAddress> agreed(const std::vector<QueuePairAddress>& offered) const;
    bool make_room_for_session();
    void tell_outsider(const PeerAddress& to, Registered answer);
    void say_lost(const PeerAddress& to, const GenerationKey& key, const std::string& reason);
    Found find(const PeerAddress& from, const SessionId& id);
    void drop_generation(Session& session, std::uint64_t number, const std::string& reason, bool tell);
    void restart_liveness_after_gap();

    // init.cpp
    void handle(const Init& m);
    Attempt& open_attempt(Session& session, const SessionId& id, RoomId room);
    [[nodiscard]] std::optional<std::string> came_late(const Session& session, RoomId room);
    bool superseded(Session& session, Attempt& attempt);
    [[nodiscard]] bool all_accepted(const Attempt& attempt);
    void meet(Attempt& attempt, SendRecord& send);
    void accept_round(Attempt& attempt, const BlockTable& blocks, std::uint64_t capacity);

    // window.cpp
    [[nodiscard]] bool is_forgotten(const Session& session, std::uint64_t attempt) const;
    void remember(Attempt& attempt);
    Attempts::iterator forget(Session& session, Attempts::iterator attempt);
    void forget_left_of_window(Session& session);
    void forget_beyond_limit();

    // resume.cpp
    void handle(const Resume& m);

    // abort.cpp
    void handle(const Abort& m);
    void abort_unseen(Session& session, const Abort& m);
    void handle_yield(Session& session, Attempt& attempt);
    void answer_abort(Session& session, Attempt& attempt);
    void tell_aborted(Session& session, const Attempt& attempt);

    // ends.cpp
    void report(Session& session, const Attempt& attempt);
    void report_failed_unseen(Session& session, RoomId room, const SessionId& id, const std::string& reason);
    void fail_attempt(Session& session, Attempt& attempt, const std::string& reason,
                      SenderAnswer answer = SenderAnswer::failed, bool tell = true);
    void rank_failed(const Session& session, SendRecord& send, const std::string& reason, SenderAnswer answer);
    void remember_the_late(const SendRecord& send, const std::string& reason);
    void fold_written(Attempt& attempt);
    void give_up(Session& session, Attempt& attempt, const std::string& reason);
    [[nodiscard]] std::string parking_refusal(const Attempt& attempt) const;
    void park(Attempt& attempt);
    void copy_parked(RoomId room, std::vector<AttemptKey>& keys) const;
    void unpark(const Attempt& attempt);
    void leave_unfinished(Session& session, const Attempt& attempt);
    void end_attempt(Attempt& attempt);
    void drop_blocks(Attempt& attempt);
    void fail_send(SendRecord& send, const std::string& reason, SenderAnswer answer);
    void check_send(SendId id);
    void park_again(SendRecord& send);
    void offer_send(SendRecord& send);
    void set_send_status(SendRecord& send, RoomEventKind event);

    // views.cpp
    [[nodiscard]] RoomView view_of(const SendRecord& send) const;

    // timers.cpp
    void enter(Time now);
    void watch_attempt(Attempt& attempt, Time deadline);
    void hear_waiting(Attempt& attempt);
    void watch_send(SendRecord& send, Time deadline);
    void watch_generation(const GenerationKey& key, Generation& generation);
    void attempts_due();
    [[nodiscard]] bool awaits_source(const Attempt& attempt);
    [[nodiscard]] Time patience(const Attempt& attempt);
    [[nodiscard]] std::string waited_for(const Attempt& attempt);
    void sends_due();
    void rejections_due();
    void generations_due();

    void tell(const Session& session, ToLanguage message);
    Attempt* attempt_at(const AttemptKey& key);
    [[nodiscard]] SendRecord* send_at(SendId id);

    Recycler memory_;     ///< of the containers below whose elements come and go with requests and rounds
    SpareTables tables_;  ///< likewise
    Config config_;
    Layout layout_;
    Time now_{};
    bool started_ = false;
    std::string begins_nothing_;  ///< why; empty: it does begin
    std::pmr::map<std::uint64_t, Session> sessions_{&memory_};
    std::pmr::unordered_map<SendId, SendRecord> sends_{&memory_};
    std::pmr::unordered_map<RoomId, SendId> send_of_room_{&memory_};
    std::pmr::multimap<RoomId, const Attempt*> parked_{&memory_};  ///< those of a room in the order in which they came
    std::vector<AttemptKey> candidates_;                       ///< scratch of offer_send()
    BlockTable sorted_;                                        ///< scratch of offer_fault()
    std::uint64_t parked_blocks_ = 0;
    std::size_t remembered_ = 0;
    std::pmr::deque<AttemptKey> ended_{&memory_};  ///< those that are remembered in the order of their ends, and some that are not
    std::unordered_map<RoomId, Rejection> rejections_;
    DeadlineQueue<AttemptKey> attempt_deadlines_;
    DeadlineQueue<SendId> send_deadlines_;
    DeadlineQueue<GenerationKey> generation_deadlines_;
    DeadlineQueue<RoomId> rejection_deadlines_;
    std::unordered_map<RoomId, Aftermath> aftermaths_;
    DeadlineQueue<RoomId> aftermath_deadlines_;
    std::vector<Action> actions_;
};

/// What is wrong with an offer of `blocks` for `tokens`, or "": (n-1)*bs < tokens <= n*bs for n unique blocks of the pool.
/// @param sorted  scratch
[[nodiscard]] std::string offer_fault(const BlockTable& blocks, std::uint64_t tokens, std::uint32_t block_size,
                                      std::uint32_t pool_blocks, BlockTable& sorted);

}  // namespace remit::protocol::embedding
