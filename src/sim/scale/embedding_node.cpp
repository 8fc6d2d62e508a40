#include "sim/scale/embedding_node.hpp"

#include "sim/host_common.hpp"
#include "sim/scale/cluster.hpp"
#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

namespace remit::sim::scale {

using namespace protocol::embedding;

namespace {

// The sources of sends lie where nothing else does, in one registration.
constexpr std::uint64_t kSourceStart = std::uint64_t{1} << 40;
constexpr std::uint64_t kSourceBytes = std::uint64_t{1} << 40;
constexpr std::uint32_t kSourceKey = 1;

Config config_of(const Cluster& cluster, Place place) {
    const Settings& settings = cluster.settings();
    Config config;
    config.timing = settings.timing;
    config.layout = settings.layout;
    config.incarnation = place + 1;
    config.attempt_window = settings.attempt_window;
    config.max_message = plan::RoundSettings{}.max_write;
    return config;
}

/// Where an encoder has left the tensors of a request.
BlockMap source_of(const Layout& layout, std::uint64_t total) {
    std::vector<std::uint64_t> bases;
    std::uint64_t at = kSourceStart;
    for (const Segment& segment : layout.segments()) {
        bases.push_back(at);
        at += (segment.block_bytes(total) + 255) / 256 * 256;
    }
    BlockMap map = place_tensors(layout, total, bases);
    map.registrations = {{kSourceStart, kSourceBytes, kSourceKey}};
    for (SegmentMap& segment : map.segments) segment.registration = 0;
    return map;
}

}  // namespace

EmbeddingNode::EmbeddingNode(Cluster& cluster, Place place)
    : Node(cluster, place),
      layout_(Layout::multimodal(cluster.settings().layout)),
      machine_(config_of(cluster, place)),
      regions_(cluster.settings().send_regions) {
    plan_settings_.chunk_bytes = cluster.settings().chunk_bytes;
}

Time EmbeddingNode::serve(Item item) {
    now_ = cluster_.now();
    thread_ = cluster_.settings().costs.event;
    if (const auto* message = std::get_if<protocol::ToEmbedding>(&item)) {
        machine_.on_message(*message, now_);
    } else if (const auto* send = std::get_if<BeginSend>(&item)) {
        begin(*send);
    } else if (const auto* chunk = std::get_if<ChunkWritten>(&item)) {
        written(*chunk);
    } else if (std::holds_alternative<DeadlineDue>(item)) {
        machine_.on_time(now_);
    } else {
        throw Violation("an embedding worker was given what is a language worker's");
    }
    run_actions();
    pump();
    return thread_;
}

void EmbeddingNode::begin(const BeginSend& send) {
    machine_.on_send(send.room, send.room, cluster_.request(send.room).tokens, now_);
}

void EmbeddingNode::written(const ChunkWritten& chunk) {
    if (chunk.region) ++regions_;
    const auto found = works_.find(chunk.attempt);
    if (found == works_.end()) throw Violation("E: a chunk of an attempt that was forgotten");
    Work& work = found->second;
    --work.in_flight;
    --work.link->staged;
    Round& round = work.rounds[chunk.round];
    --round.left;
    machine_.on_progress(chunk.attempt, now_);
    if (round.left == 0 && !round.dropped) machine_.on_round_written(chunk.attempt, chunk.round, now_);
    check_idle(chunk.attempt);
}

void EmbeddingNode::run_actions() {
    while (!machine_.actions().empty() || !built_.empty() || !idle_.empty()) {
        actions_.clear();
        actions_.swap(machine_.actions());
        for (Action& action : actions_) {
            std::visit([this](auto& a) { act(a); }, action);
        }
        for (const protocol::GenerationKey& key : std::exchange(built_, {})) {
            machine_.on_built(key, {QueuePairAddress{.number = place_ + 1}}, now_);
        }
        for (const protocol::AttemptKey& key : std::exchange(idle_, {})) machine_.on_idle(key, now_);
    }
}

void EmbeddingNode::act(Tell& action) {
    fill_sender(action.message, Context::address_of(place_));
    cluster_.tell(place_, Context::place_at(action.to), std::move(action.message), thread_);
}

void EmbeddingNode::act(BuildGeneration& action) {
    links_[action.key] = {std::move(action.pool), Cluster::place_of_session(action.key.session), 0};
    built_.push_back(action.key);
}

void EmbeddingNode::act(DestroyGeneration& action) {
    throw Violation("E: nothing fails here, but a generation is destroyed: " + action.reason);
}

void EmbeddingNode::act(StartRound& action) {
    Link& link = links_.at(action.key.generation_key());
    Work& work = works_[action.key];
    work.link = &link;
    if (action.round != work.rounds.size()) throw Violation("E: rounds start out of order");
    work.total = cluster_.request(action.send).tokens;
    work.owes_idle = true;
    const BlockMap source = source_of(layout_, work.total);
    static constexpr std::array<BlockId, 1> kOneBlock{0};
    const plan::RoundRequest request{layout_,
                                     {source, kOneBlock, 0},
                                     {link.pool, action.blocks, action.range.first},
                                     action.range,
                                     action.range.first == 0 ? kSourceStart + kSourceBytes / 2 : 0};
    if (const auto done = plan::plan_round(request, plan_settings_, plan_); !done) {
        throw Violation("E: round refused by its plan: " + done.error());
    }
    Round& round = work.rounds.emplace_back();
    round.left = static_cast<std::uint32_t>(plan_.chunks.size());
    for (const plan::Chunk& chunk : plan_.chunks) {
        work.chunks.push_back({action.round, chunk.bytes, chunk.region_bytes, chunk.writes, false});
    }
    work.chunks.back().last = true;
    cluster_.count_round(action.send, plan_.writes.size(), plan_.bytes);
    take_turn(action.key, work);
}

void EmbeddingNode::act(CancelAttempt& action) {
    const auto found = works_.find(action.key);
    if (found == works_.end()) return;
    drop_queued(found->second);
    check_idle(action.key);
}

void EmbeddingNode::act(CloseRounds& action) {
    Work& work = works_.at(action.key);
    work.owes_idle = true;
    drop_queued(work);
    for (std::uint32_t i = 0; i < work.rounds.size(); ++i) {
        if (work.rounds[i].immediate) continue;
        ++work.rounds[i].left;
        work.chunks.push_back({i, 0, 0, 1, true});
    }
    take_turn(action.key, work);
    check_idle(action.key);
}

void EmbeddingNode::act(ForgetAttempt& action) {
    const auto found = works_.find(action.key);
    if (found == works_.end()) return;
    if (found->second.in_flight != 0 || !found->second.chunks.empty()) {
        throw Violation("E: an attempt is forgotten that has work in flight");
    }
    works_.erase(found);
}

void EmbeddingNode::act(SendFinal& action) {
    cluster_.sent(action.send, action.status, action.reason);
}

void EmbeddingNode::drop_queued(Work& work) {
    for (const Chunk& chunk : work.chunks) work.rounds[chunk.round].dropped = true;
    work.chunks.clear();
}

void EmbeddingNode::check_idle(const protocol::AttemptKey& key) {
    Work& work = works_.at(key);
    if (!work.owes_idle || work.in_flight != 0 || !work.chunks.empty()) return;
    work.owes_idle = false;
    idle_.push_back(key);
}

void EmbeddingNode::take_turn(const protocol::AttemptKey& key, Work& work) {
    if (work.queued || work.chunks.empty()) return;
    work.queued = true;
    turns_.push_back(key);
}

/// Chunks of all attempts take turns, as long as a send region is free.
void EmbeddingNode::pump() {
    for (std::size_t refused = 0; refused < turns_.size();) {
        const protocol::AttemptKey key = turns_.front();
        turns_.pop_front();
        const auto found = works_.find(key);
        if (found == works_.end()) continue;
        Work& work = found->second;
        work.queued = false;
        if (work.chunks.empty()) continue;
        if (may_post(work)) {
            post(key, work);
            refused = 0;
        } else {
            ++refused;
        }
        take_turn(key, work);
    }
}

/// As the worker's send queue: a chunk that is gathered needs a region, and one peer has half of the ring at most.
bool EmbeddingNode::may_post(const Work& work) const {
    const std::uint32_t regions = cluster_.settings().send_regions;
    const std::uint32_t share = links_.size() > 1 ? std::max(1u, regions / 2) : regions;
    return work.link->staged < share && (work.chunks.front().gathered == 0 || regions_ > 0);
}

void EmbeddingNode::post(const protocol::AttemptKey& key, Work& work) {
    const Chunk chunk = work.chunks.front();
    work.chunks.pop_front();
    if (chunk.gathered > 0) --regions_;
    thread_ += chunk.writes * cluster_.settings().costs.post;
    const Time ready = chunk.gathered > 0 ? copy(now_ + thread_, chunk.gathered) : now_ + thread_;
    ++work.in_flight;
    ++work.link->staged;
    if (chunk.last) work.rounds[chunk.round].immediate = true;
    machine_.on_posted(key);
    cluster_.launch(
        {key, chunk.round, chunk.bytes, place_, work.link->peer, work.total, chunk.last, chunk.gathered > 0}, ready);
}

}  // namespace remit::sim::scale
