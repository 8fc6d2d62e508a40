#pragma once

#include "plan/round.hpp"
#include "protocol/embedding/machine.hpp"
#include "sim/context.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace remit::sim {

/// One life of an embedding worker: the product's state machine, and a driver that does what it asks in a simulated
/// world, each answer at a random later time.
class EmbeddingHost {
public:
    EmbeddingHost(Context& context, std::uint32_t index);

    // -- events
    void deliver(const protocol::ToEmbedding& message);
    void user_send(const PlannedSend& planned);
    void user_cancel(std::size_t which);
    void user_ready(std::size_t which);
    void user_reject(RoomId room);
    void queue_pair_failed(const protocol::GenerationKey& generation, const std::string& reason);
    void on_time();
    void shut_down();
    /// Posts up to `count` work requests, taking turns at random.
    void pump(std::uint64_t count);
    void take_completion();
    /// One of the answers that the state machine waits for.
    void answer();

    // -- what may happen next
    [[nodiscard]] bool has_work();
    [[nodiscard]] bool has_completions() const { return !completions.empty(); }
    [[nodiscard]] bool has_answers() const { return !answers_.empty(); }
    [[nodiscard]] const protocol::embedding::Machine& machine() const { return machine_; }
    [[nodiscard]] Place place() const { return place_; }
    /// More of the source of a send may become ready.
    [[nodiscard]] bool grows(std::size_t which) const;
    /// Sends not ended.
    [[nodiscard]] const std::vector<std::uint64_t>& sends() const { return sends_; }

    std::deque<SendCompletion> completions;

private:
    /// What it does at an INIT.
    enum class Manner : std::uint8_t { sound, gives_back, loses_queue_pairs };
    struct PlannedRound {
        plan::RoundPlan plan;
        std::vector<std::vector<std::uint8_t>> regions;  ///< a chunk; empty until gathered
        std::vector<bool> gathered;
    };
    struct Pending {
        std::uint32_t round = 0;
        bool is_immediate = false;
        std::uint32_t chunk = 0;
        std::uint32_t write = 0;
        std::shared_ptr<PlannedRound> planned;
    };
    struct Round {
        plan::TokenRange range;
        BlockTable blocks;
        std::uint64_t planned = 0;  ///< tokens below this have their writes queued
        std::size_t left = 0;       ///< work requests not completed
        bool dropped = false;       ///< some will never be posted
        bool closed = false;        ///< its immediates are queued
        [[nodiscard]] bool whole() const { return planned == range.end(); }
        std::vector<bool> immediate_posted;
    };
    struct Attempt {
        std::uint64_t send = 0;
        std::uint64_t ready = 0;
        std::vector<Round> rounds;
        std::deque<std::uint32_t> unplanned;      ///< rounds that wait for more of the source
        std::vector<std::deque<Pending>> queues;  ///< a queue pair
        std::size_t in_flight = 0;
        bool ended = false;      ///< told Failed, Success or ABORTED, or aborted by its peer
        bool owes_idle = false;  ///< on_idle() has not come since the last StartRound or CloseRounds
    };
    struct Generation {
        std::vector<std::uint32_t> queue_pairs;
        std::vector<std::size_t> used;  ///< slots of the send queue
        Layout::Shape shape;
        BlockMap pool;
        std::uint64_t max_message = 0;
    };
    struct Answer {
        enum class Kind : std::uint8_t { built, build_failed, idle } kind = Kind::idle;
        protocol::GenerationKey generation;
        protocol::AttemptKey attempt;
    };

    [[nodiscard]] static Manner draw_manner(Context& context);
    [[nodiscard]] bool takes_up(const protocol::Init& init) const;
    void take_nothing(const protocol::Init& init);
    void execute();
    void act(protocol::embedding::Tell& action);
    void act(protocol::embedding::ForgetPeer&) {}
    void act(protocol::embedding::BuildGeneration& action);
    void act(protocol::embedding::DestroyGeneration& action);
    void act(protocol::embedding::StartRound& action);
    void act(protocol::embedding::MoreReady& action);
    void act(protocol::embedding::CancelAttempt& action);
    void act(protocol::embedding::CloseRounds& action);
    void act(protocol::embedding::ForgetAttempt& action);
    void act(protocol::embedding::SendStatus& action);
    void act(protocol::embedding::SendFinal& action);

    /// @throws Violation where Success is told of an attempt whose writes have not all completed with success.
    void check_told(const protocol::ToLanguage& message) const;
    void plan_more(Attempt& attempt, const Generation& generation);
    std::shared_ptr<PlannedRound> plan_part(const Attempt& attempt, Round& round, const Generation& generation);
    void queue_writes(Attempt& attempt, std::uint32_t round, const std::shared_ptr<PlannedRound>& planned);
    void queue_immediates(Attempt& attempt, std::uint32_t round);
    void note_end(const protocol::ToLanguage& message);
    void check_all_told(std::uint64_t send) const;
    [[nodiscard]] plan::Checksums checksums_of(const protocol::AttemptKey& key, std::uint32_t round);
    void queue_immediate(Attempt& attempt, std::uint32_t round, std::size_t queue_pair);
    void drop_queued(Attempt& attempt);
    void became_idle(const protocol::AttemptKey& key, Attempt& attempt);
    [[nodiscard]] bool idle(const Attempt& attempt) const;
    [[nodiscard]] WorkRequest work_request(const protocol::AttemptKey& key, Attempt& attempt, const Pending& pending,
                                           const Generation& generation);
    void gather(PlannedRound& planned, std::uint32_t chunk, std::uint64_t send);
    struct Head {
        protocol::AttemptKey key;
        Attempt* attempt;
        std::size_t queue_pair;
    };
    /// Queues whose first work request may be posted.
    void collect_heads();
    void post(const Head& head);

    Context& context_;
    std::uint32_t index_;
    Place place_;
    Layout layout_;
    Manner manner_;
    std::set<protocol::AttemptKey> given_back_;  ///< says so again whenever it is asked
    protocol::embedding::Machine machine_;
    std::map<protocol::GenerationKey, Generation> generations_;
    std::map<protocol::AttemptKey, Attempt> attempts_;
    std::vector<Answer> answers_;
    std::vector<std::uint64_t> sends_;
    std::vector<std::uint64_t> failed_;                    ///< sends, in the batch of actions under way
    std::map<std::uint64_t, std::uint64_t> newest_built_;  ///< generation of a session
    std::vector<Head> heads_;                              ///< scratch
    std::vector<protocol::embedding::Action> actions_;
};

}  // namespace remit::sim
