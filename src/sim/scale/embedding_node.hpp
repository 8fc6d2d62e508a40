#pragma once

#include "plan/round.hpp"
#include "protocol/embedding/machine.hpp"
#include "sim/scale/node.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace remit::sim::scale {

/// An embedding worker: the product's state machine and plans; its chunks take turns at a ring of send regions and the
/// port, as the worker's do.
class EmbeddingNode final : public Node {
public:
    EmbeddingNode(Cluster& cluster, Place place);
    Time serve(Item item) override;
    [[nodiscard]] Time next_deadline() const override { return machine_.next_deadline(); }
    [[nodiscard]] const protocol::embedding::Machine& machine() const { return machine_; }

private:
    struct Link {
        BlockMap pool;  ///< the peer's
        Place peer = 0;
        std::uint32_t staged = 0;  ///< chunks posted and not written
    };
    struct Chunk {
        std::uint32_t round = 0;
        std::uint64_t bytes = 0;
        std::uint64_t gathered = 0;
        std::uint32_t writes = 0;
        bool last = false;
    };
    struct Round {
        std::uint32_t left = 0;  ///< chunks not written
        bool dropped = false;
        bool immediate = false;  ///< posted
    };
    struct Work {
        Link* link = nullptr;
        std::uint64_t total = 0;
        std::vector<Round> rounds;
        std::deque<Chunk> chunks;
        std::uint32_t in_flight = 0;
        bool owes_idle = false;
        bool queued = false;
    };

    void run_actions();
    void act(protocol::embedding::Tell& action);
    void act(protocol::embedding::ForgetPeer&) {}
    void act(protocol::embedding::BuildGeneration& action);
    void act(protocol::embedding::DestroyGeneration& action);
    void act(protocol::embedding::StartRound& action);
    void act(protocol::embedding::CancelAttempt& action);
    void act(protocol::embedding::CloseRounds& action);
    void act(protocol::embedding::ForgetAttempt& action);
    void act(protocol::embedding::SendStatus&) {}
    void act(protocol::embedding::MoreReady&) {}  // all of a source is ready when it is sent
    void act(protocol::embedding::SendFinal& action);

    void begin(const BeginSend& send);
    void written(const ChunkWritten& chunk);
    void take_turn(const protocol::AttemptKey& key, Work& work);
    void drop_queued(Work& work);
    void check_idle(const protocol::AttemptKey& key);
    void pump();
    [[nodiscard]] bool may_post(const Work& work) const;
    void post(const protocol::AttemptKey& key, Work& work);

    Layout layout_;
    protocol::embedding::Machine machine_;
    plan::RoundSettings plan_settings_;
    plan::RoundPlan plan_;
    std::map<protocol::GenerationKey, Link> links_;
    std::map<protocol::AttemptKey, Work> works_;
    std::deque<protocol::AttemptKey> turns_;
    std::vector<protocol::GenerationKey> built_;
    std::vector<protocol::AttemptKey> idle_;
    std::vector<protocol::embedding::Action> actions_;
    std::uint32_t regions_ = 0;
    Time thread_{};  ///< spent in this serve()
    Time now_{};
};

}  // namespace remit::sim::scale
