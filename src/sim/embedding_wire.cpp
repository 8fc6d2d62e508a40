// How an embedding worker's rounds become work requests, and what their completions say.

#include "sim/embedding_host.hpp"
#include "sim/payload.hpp"
#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>

namespace remit::sim {

/// Queues the writes of what has become ready; a round's immediates follow its last write.
void EmbeddingHost::plan_more(Attempt& attempt, const Generation& generation) {
    while (!attempt.unplanned.empty()) {
        const std::uint32_t number = attempt.unplanned.front();
        Round& round = attempt.rounds[number];
        if (std::min(attempt.ready, round.range.end()) <= round.planned) return;
        queue_writes(attempt, number, plan_part(attempt, round, generation));
        if (!round.whole()) return;
        attempt.unplanned.pop_front();
        if (!round.closed) queue_immediates(attempt, number);
    }
}

std::shared_ptr<EmbeddingHost::PlannedRound> EmbeddingHost::plan_part(const Attempt& attempt, Round& round,
                                                                      const Generation& generation) {
    const SendRecord* send = context_.users.send(attempt.send);
    if (send == nullptr || send->ended) throw Violation("E: a round of a send that has ended");
    plan::RoundSettings settings = context_.settings.round;
    settings.max_write = std::min(settings.max_write, generation.max_message);
    const std::uint64_t end = std::min(attempt.ready, round.range.end());
    const plan::TokenRange range{round.planned, end - round.planned};
    const plan::RoundRequest request{layout_,
                                     {send->map, send->table, 0},
                                     {generation.pool, round.blocks, round.range.first},
                                     range,
                                     range.first == 0 ? send->aux_address : 0,
                                     range != round.range};
    auto planned = std::make_shared<PlannedRound>();
    if (const auto done = plan::plan_round(request, settings, planned->plan); !done) {
        throw Violation("E: round refused by its plan: " + done.error());
    }
    planned->regions.resize(planned->plan.chunks.size());
    planned->gathered.resize(planned->plan.chunks.size());
    round.planned = end;
    return planned;
}

void EmbeddingHost::queue_writes(Attempt& attempt, std::uint32_t round, const std::shared_ptr<PlannedRound>& planned) {
    for (std::uint32_t c = 0; c < planned->plan.chunks.size(); ++c) {
        const plan::Chunk& chunk = planned->plan.chunks[c];
        for (std::uint32_t w = 0; w < chunk.writes; ++w) {
            if (context_.settings.sabotage == Sabotage::lose_write && context_.random.percent(5)) continue;
            ++attempt.rounds[round].left;
            attempt.queues[context_.random.below(attempt.queues.size())].push_back(
                {round, false, c, chunk.first_write + w, planned});
        }
    }
}

void EmbeddingHost::queue_immediates(Attempt& attempt, std::uint32_t round) {
    attempt.rounds[round].closed = true;
    for (std::size_t i = 0; i < attempt.queues.size(); ++i) queue_immediate(attempt, round, i);
}

void EmbeddingHost::gather(PlannedRound& planned, std::uint32_t index, std::uint64_t send) {
    if (planned.gathered[index]) return;
    planned.gathered[index] = true;
    const plan::Chunk& chunk = planned.plan.chunks[index];
    std::vector<std::uint8_t>& region = planned.regions[index];
    region.resize(chunk.region_bytes);
    for (std::uint32_t i = 0; i < chunk.copies; ++i) {
        const memory::Copy& copy = planned.plan.copies[chunk.first_copy + i];
        if (copy.destination + copy.bytes > region.size()) throw Violation("E: a copy leaves its send region");
        std::uint8_t* to = region.data() + copy.destination;
        if (copy.source == 0) {
            std::memset(to, 0, copy.bytes);
            continue;
        }
        context_.users.check_source(send);
        std::memcpy(to, context_.memory.at(copy.source, copy.bytes), copy.bytes);
    }
}

WorkRequest EmbeddingHost::work_request(const protocol::AttemptKey& key, Attempt& attempt, const Pending& pending,
                                        const Generation& generation) {
    WorkRequest request;
    request.attempt = key;
    request.round = pending.round;
    request.is_immediate = pending.is_immediate;
    if (pending.is_immediate) {
        request.immediate = protocol::immediate_of(key.attempt);
        return request;
    }
    PlannedRound& planned = *pending.planned;
    gather(planned, pending.chunk, attempt.send);
    const plan::Write& write = planned.plan.writes[pending.write];
    if (write.registration >= generation.pool.registrations.size()) throw Violation("E: a write without a remote key");
    request.remote = write.remote;
    for (std::uint32_t i = 0; i < write.pieces; ++i) {
        const plan::LocalPiece& piece = planned.plan.pieces[write.first_piece + i];
        if (piece.registration == plan::kSendRegion) {
            const auto from = planned.regions[pending.chunk].begin() + static_cast<std::ptrdiff_t>(piece.address);
            request.data.insert(request.data.end(), from, from + piece.bytes);
            request.pieces.emplace_back(0, piece.bytes);
        } else {
            request.send = attempt.send;
            request.data.resize(request.data.size() + piece.bytes);
            request.pieces.emplace_back(piece.address, piece.bytes);
        }
    }
    if (request.data.size() != write.bytes) throw Violation("E: a write's pieces do not make up its bytes");
    if (context_.settings.sabotage == Sabotage::write_too_far && context_.random.percent(5)) {
        request.data.push_back(0);
        if (!request.pieces.empty()) request.pieces.emplace_back(0, 1);
    }
    return request;
}

void EmbeddingHost::collect_heads() {
    heads_.clear();
    for (auto& [key, attempt] : attempts_) {
        if (attempt.queues.empty()) continue;
        const auto generation = generations_.find(key.generation_key());
        if (generation == generations_.end()) continue;
        for (std::size_t i = 0; i < attempt.queues.size(); ++i) {
            const bool full = generation->second.used[i] >= context_.settings.send_queue_depth;
            if (!attempt.queues[i].empty() && !full) heads_.push_back({key, &attempt, i});
        }
    }
}

bool EmbeddingHost::has_work() {
    collect_heads();
    return !heads_.empty();
}

void EmbeddingHost::pump(std::uint64_t count) {
    for (; count > 0; --count) {
        collect_heads();
        if (heads_.empty()) return;
        post(heads_[context_.random.below(heads_.size())]);
    }
}

void EmbeddingHost::post(const Head& head) {
    Attempt& attempt = *head.attempt;
    Generation& generation = generations_.at(head.key.generation_key());
    const Pending pending = std::move(attempt.queues[head.queue_pair].front());
    attempt.queues[head.queue_pair].pop_front();
    if (pending.is_immediate) attempt.rounds[pending.round].immediate_posted[head.queue_pair] = true;
    WorkRequest request = work_request(head.key, attempt, pending, generation);
    const std::uint32_t number = generation.queue_pairs[head.queue_pair];
    context_.trace.say("   E{} posts {} of {}.{}.{} round {} on queue pair {}", index_,
                       pending.is_immediate ? "immediate" : "write", head.key.session, head.key.generation,
                       head.key.attempt, pending.round, number);
    ++attempt.in_flight;
    ++generation.used[head.queue_pair];
    QueuePair& queue_pair = *context_.fabric.find(number);
    if (queue_pair.live()) {
        queue_pair.queued.push_back(std::move(request));
    } else {  // flushed at once
        completions.push_back({number, head.key, pending.round, false});
    }
    machine_.on_posted(head.key);
    became_idle(head.key, attempt);  // only where the driver lies
}

plan::Checksums EmbeddingHost::checksums_of(const protocol::AttemptKey& key, std::uint32_t round) {
    const auto wanted = machine_.checksum_wanted(key, round);
    if (!wanted) return {};
    context_.users.check_source(wanted->send);
    const SendRecord& send = *context_.users.send(wanted->send);
    return plan::checksums_of(layout_, {send.map, send.table, 0}, wanted->range, aux_of(send.id, send.total),
                              context_.reader());
}

void EmbeddingHost::take_completion() {
    const SendCompletion done = completions.front();
    completions.pop_front();
    context_.trace.mix(done.round);
    const protocol::GenerationKey key = done.attempt.generation_key();
    const auto found = generations_.find(key);
    if (found == generations_.end()) return;
    if (!done.success) return queue_pair_failed(key, "completion error: transport retry counter exceeded");
    Generation& generation = found->second;
    for (std::size_t i = 0; i < generation.queue_pairs.size(); ++i) {
        if (generation.queue_pairs[i] == done.queue_pair) --generation.used[i];
    }
    const auto at = attempts_.find(done.attempt);
    if (at == attempts_.end()) return;
    Attempt& attempt = at->second;
    --attempt.in_flight;
    Round& round = attempt.rounds[done.round];
    --round.left;
    machine_.on_progress(done.attempt, context_.now);
    if (round.left == 0 && !round.dropped && round.whole()) {
        context_.trace.say("E{} round {} of {}.{}.{} written", index_, done.round, done.attempt.session,
                           done.attempt.generation, done.attempt.attempt);
        machine_.on_round_written(done.attempt, done.round, context_.now, checksums_of(done.attempt, done.round));
    }
    execute();
    if (const auto still = attempts_.find(done.attempt); still != attempts_.end())
        became_idle(done.attempt, still->second);
}

}  // namespace remit::sim
