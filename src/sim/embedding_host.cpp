#include "sim/embedding_host.hpp"

#include "sim/host_common.hpp"
#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace remit::sim {
namespace {

using namespace protocol::embedding;

Config config_of(Context& context, std::uint32_t index) {
    const EmbeddingSettings& e = context.settings.embeddings[index];
    Config config;
    config.timing = context.settings.timing;
    config.layout = context.shape(e.block_size, Arrangement::segments);
    config.incarnation = context.next_life++;
    config.attempt_window = context.settings.window;
    config.max_attempts = context.settings.remembered;
    config.max_queue_pairs = e.queue_pairs;
    config.max_message = context.settings.round.max_write;
    config.on_dead_rank = e.on_dead_rank;
    return config;
}

}  // namespace

EmbeddingHost::Manner EmbeddingHost::draw_manner(Context& context) {
    if (!context.settings.has(Fault::take_nothing)) return Manner::sound;
    return context.random.pick({Manner::sound, Manner::sound, Manner::gives_back, Manner::loses_queue_pairs});
}

EmbeddingHost::EmbeddingHost(Context& context, std::uint32_t index)
    : context_(context),
      index_(index),
      place_(context.place_of_embedding(index)),
      layout_(Layout::multimodal(context.shape(context.settings.embeddings[index].block_size, Arrangement::segments))),
      manner_(draw_manner(context)),
      machine_(config_of(context, index)) {}

void EmbeddingHost::execute() {
    actions_.clear();
    actions_.swap(machine_.actions());
    for (auto& action : actions_) {
        context_.trace.mix(action.index());
        std::visit([this](auto& a) { act(a); }, action);
    }
    for (const std::uint64_t send : std::exchange(failed_, {})) check_all_told(send);
    const protocol::Time next = machine_.next_deadline();
    context_.trace.mix(static_cast<std::uint64_t>(next.count()));
}

// ---------------------------------------------------------------------------------- events

void EmbeddingHost::deliver(const protocol::ToEmbedding& message) {
    if (context_.trace.words()) context_.trace.say("E{} <- {}", index_, in_words(message));
    const auto* init = std::get_if<protocol::Init>(&message);
    if (init != nullptr && !takes_up(*init)) return take_nothing(*init);
    machine_.on_message(message, context_.now);
    execute();
}

bool EmbeddingHost::takes_up(const protocol::Init& init) const {
    if (given_back_.count(init.id.attempt_key()) != 0) return false;
    const bool sound = manner_ == Manner::sound || !context_.settings.has(Fault::take_nothing);
    return sound || generations_.count(init.id.generation_key()) == 0;
}

/// Its peers begin again and again: they must do so with pauses, and end at their deadlines.
void EmbeddingHost::take_nothing(const protocol::Init& init) {
    const bool again = given_back_.count(init.id.attempt_key()) != 0;
    if (!again) {
        context_.count(Fault::take_nothing);
        context_.users.hard = true;
    }
    if (!again && manner_ == Manner::loses_queue_pairs) return queue_pair_failed(init.id.generation_key(), "broken");
    given_back_.insert(init.id.attempt_key());
    Tell answer{init.from, init.id.session, protocol::Aborted{init.room, true, std::nullopt, init.id}};
    act(answer);
}

void EmbeddingHost::user_send(const PlannedSend& planned) {
    const SendRecord& send = context_.users.begin_send(index_, planned);
    context_.trace.say("E{} send {} of room {}, {} tokens", index_, send.id, send.room, send.total);
    sends_.push_back(send.id);
    if (send.ready == send.total) {
        machine_.on_send(send.id, send.room, send.total, context_.now);
    } else {
        machine_.on_send(send.id, send.room, send.total, context_.now, send.ready);
    }
    execute();
}

bool EmbeddingHost::grows(std::size_t which) const {
    const SendRecord& send = *context_.users.send(sends_[which]);
    return !send.stuck && send.ready < send.total;
}

void EmbeddingHost::user_ready(std::size_t which) {
    const std::uint64_t id = sends_[which];
    const std::uint64_t ready = context_.users.more_ready(id);
    context_.trace.say("E{} user has {} tokens of send {} ready", index_, ready, id);
    machine_.on_ready(id, ready, context_.now);
    execute();
}

void EmbeddingHost::user_cancel(std::size_t which) {
    context_.trace.say("E{} user cancels send {}", index_, sends_[which]);
    machine_.on_cancel(sends_[which], "cancelled by its user", context_.now);
    execute();
}

void EmbeddingHost::user_reject(RoomId room) {
    context_.trace.say("E{} user rejects room {}", index_, room);
    machine_.on_reject(room, "rejected by its user", context_.now);
    execute();
}

void EmbeddingHost::queue_pair_failed(const protocol::GenerationKey& generation, const std::string& reason) {
    context_.trace.say("E{} generation {}.{} failed: {}", index_, generation.session, generation.generation, reason);
    machine_.on_generation_failed(generation, reason, context_.now);
    execute();
}

void EmbeddingHost::on_time() {
    context_.trace.say("E{} on_time", index_);
    machine_.on_time(context_.now);
    execute();
    if (machine_.next_deadline() <= context_.now) {
        throw Violation("E: on_time() leaves a deadline in the past: its driver would spin");
    }
}

void EmbeddingHost::shut_down() {
    context_.trace.say("E{} shuts down", index_);
    machine_.begin_nothing("worker is stopping", context_.now);
    execute();
    if (machine_.parked() != 0) throw Violation("E: an attempt stays parked at a worker that begins nothing");
    machine_.shut_down("worker stops", context_.now);
    execute();
    while (!answers_.empty()) answer();
    if (machine_.unfinished_sends() != 0 || machine_.generations() != 0) {
        throw Violation("E: shut_down() leaves sends or generations");
    }
}

void EmbeddingHost::answer() {
    const std::size_t which = context_.random.below(answers_.size());
    const Answer answer = answers_[which];
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(which));
    context_.trace.mix(static_cast<std::uint64_t>(answer.kind));
    if (answer.kind == Answer::Kind::idle) {
        const auto found = attempts_.find(answer.attempt);
        if (found == attempts_.end() || !idle(found->second) || !found->second.owes_idle) return;
        found->second.owes_idle = false;
        context_.trace.say("E{} idle {}.{}.{}", index_, answer.attempt.session, answer.attempt.generation,
                           answer.attempt.attempt);
        machine_.on_idle(answer.attempt, context_.now);
        return execute();
    }
    const auto found = generations_.find(answer.generation);
    if (answer.kind == Answer::Kind::build_failed) {
        machine_.on_build_failed(answer.generation, "no queue pairs left", context_.now);
        return execute();
    }
    if (found == generations_.end()) return;
    std::vector<QueuePairAddress> local;
    for (const std::uint32_t number : found->second.queue_pairs) local.push_back({number, 0, 1024, 0, {}});
    context_.trace.say("E{} built {}.{}", index_, answer.generation.session, answer.generation.generation);
    machine_.on_built(answer.generation, std::move(local), context_.now);
    execute();
}

// ---------------------------------------------------------------------------------- actions

void EmbeddingHost::act(Tell& action) {
    if (context_.trace.words()) {
        context_.trace.say("   E{} -> {} {}", index_, context_.name_of(Context::place_at(action.to)),
                           in_words(action.message));
    }
    check_told(action.message);
    note_end(action.message);
    fill_sender(action.message, Context::address_of(place_));
    context_.trace.mix(action.message.index());
    context_.network.send(place_, Context::place_at(action.to), action.session,
                          {context_.now, std::move(action.message)});
}

void EmbeddingHost::check_told(const protocol::ToLanguage& message) const {
    const auto* status = std::get_if<protocol::StatusReport>(&message);
    if (status == nullptr) return;
    const bool of_another = status->reason.rfind("one of the room's", 0) == 0;
    if (of_another && context_.settings.embeddings[index_].on_dead_rank == OnDeadRank::go_on) {
        throw Violation("E: a rank fails with another, though the others go on");
    }
    if (status->status != Status::Success) return;
    const auto found = attempts_.find(status->id.attempt_key());
    if (found == attempts_.end()) return;  // forgotten, with all its work done
    for (const Round& round : found->second.rounds) {
        if (round.left != 0 || round.dropped || !round.whole())
            throw Violation("E: Success before every write has completed");
    }
}

void EmbeddingHost::note_end(const protocol::ToLanguage& message) {
    const auto end = [this](const protocol::SessionId& id) {
        const auto found = attempts_.find(id.attempt_key());
        if (found != attempts_.end()) found->second.ended = true;
    };
    const auto* status = std::get_if<protocol::StatusReport>(&message);
    if (status != nullptr && is_final(status->status)) end(status->id);
    if (const auto* aborted = std::get_if<protocol::Aborted>(&message)) end(aborted->id);
}

void EmbeddingHost::act(BuildGeneration& action) {
    ++context_.statistics.generations;
    if (generations_.count(action.key) != 0) throw Violation("E: a generation is built twice");
    std::uint64_t& newest = newest_built_[action.key.session];
    if (action.key.generation <= newest) throw Violation("E: an old generation comes back");
    newest = action.key.generation;
    if (context_.settings.has(Fault::build_error) && context_.random.percent(20)) {
        context_.count(Fault::build_error);
        context_.users.hard = true;
        answers_.push_back({Answer::Kind::build_failed, action.key, {}});
        return;
    }
    Generation& generation = generations_[action.key];
    generation.shape = action.layout;
    generation.pool = action.pool;
    generation.max_message = action.limits.max_message;
    for (std::uint32_t i = 0; i < action.remote.size(); ++i) {
        QueuePair& made = context_.fabric.create(place_, action.key, i);
        made.peer = action.remote[i].number;
        generation.queue_pairs.push_back(made.number);
        generation.used.push_back(0);
    }
    answers_.push_back({Answer::Kind::built, action.key, {}});
}

void EmbeddingHost::act(DestroyGeneration& action) {
    context_.trace.say("   E{} destroys {}.{}: {}", index_, action.key.session, action.key.generation, action.reason);
    count_silence(context_, action.reason);
    const auto found = generations_.find(action.key);
    if (found != generations_.end()) {
        for (const std::uint32_t number : found->second.queue_pairs) {
            context_.fabric.destroy(number);
            completions.erase(std::remove_if(completions.begin(), completions.end(),
                                             [&](const SendCompletion& c) { return c.queue_pair == number; }),
                              completions.end());
        }
        generations_.erase(found);
    }
    for (auto& [key, attempt] : attempts_) {
        if (key.generation_key() != action.key) continue;
        drop_queued(attempt);
        attempt.in_flight = 0;
        became_idle(key, attempt);
    }
}

void EmbeddingHost::act(StartRound& action) {
    const auto generation = generations_.find(action.key.generation_key());
    if (generation == generations_.end()) throw Violation("E: a round starts on a generation that is not there");
    Attempt& attempt = attempts_[action.key];
    if (action.round != attempt.rounds.size()) throw Violation("E: rounds start out of order");
    const std::size_t pairs = generation->second.queue_pairs.size();
    attempt.send = action.send;
    attempt.ready = action.ready;
    attempt.queues.resize(pairs);
    attempt.owes_idle = true;
    Round& round = attempt.rounds.emplace_back();
    round.range = action.range;
    round.blocks = action.blocks;
    round.planned = action.range.first;
    round.immediate_posted.resize(pairs);
    attempt.unplanned.push_back(action.round);
    context_.trace.say("   E{} starts {}.{}.{} round {} [{}, {}), {} tokens ready", index_, action.key.session,
                       action.key.generation, action.key.attempt, action.round, action.range.first, action.range.end(),
                       action.ready);
    if (context_.settings.sabotage == Sabotage::immediate_first && context_.random.percent(30)) {
        queue_immediates(attempt, action.round);
    }
    plan_more(attempt, generation->second);
}

void EmbeddingHost::act(MoreReady& action) {
    const auto found = attempts_.find(action.key);
    const auto generation = generations_.find(action.key.generation_key());
    if (found == attempts_.end() || generation == generations_.end()) {
        throw Violation("E: more of a source for an attempt that is not there");
    }
    found->second.ready = action.ready;
    plan_more(found->second, generation->second);
}

void EmbeddingHost::queue_immediate(Attempt& attempt, std::uint32_t round, std::size_t queue_pair) {
    const bool last = queue_pair + 1 == attempt.queues.size();
    ++attempt.rounds[round].left;
    if (context_.settings.sabotage == Sabotage::drop_immediate && last && context_.random.percent(10)) {
        --attempt.rounds[round].left;
        attempt.rounds[round].immediate_posted[queue_pair] = true;
        return;
    }
    attempt.queues[queue_pair].push_back({round, true, 0, 0, nullptr});
}

void EmbeddingHost::drop_queued(Attempt& attempt) {
    for (auto& queue : attempt.queues) {
        for (const Pending& pending : queue) attempt.rounds[pending.round].dropped = true;
        queue.clear();
    }
    for (const std::uint32_t round : attempt.unplanned) attempt.rounds[round].dropped = true;
    attempt.unplanned.clear();
}

void EmbeddingHost::act(CancelAttempt& action) {
    const auto found = attempts_.find(action.key);
    if (found == attempts_.end()) return;
    drop_queued(found->second);
    became_idle(action.key, found->second);
}

void EmbeddingHost::act(CloseRounds& action) {
    const auto found = attempts_.find(action.key);
    if (found == attempts_.end()) throw Violation("E: rounds are closed that were never started");
    Attempt& attempt = found->second;
    attempt.owes_idle = true;
    attempt.ended = true;  // its peer has asked for it
    drop_queued(attempt);
    for (std::size_t i = 0; i < attempt.queues.size(); ++i) {
        for (std::uint32_t round = 0; round < attempt.rounds.size(); ++round) {
            if (!attempt.rounds[round].immediate_posted[i]) queue_immediate(attempt, round, i);
        }
    }
    became_idle(action.key, attempt);
}

void EmbeddingHost::act(ForgetAttempt& action) {
    const auto found = attempts_.find(action.key);
    if (found == attempts_.end()) return;
    if (!idle(found->second)) throw Violation("E: an attempt is forgotten that has work in flight");
    if (found->second.owes_idle) throw Violation("E: an attempt is forgotten before it was told to be idle");
    attempts_.erase(found);
}

void EmbeddingHost::act(SendStatus& action) {
    context_.trace.mix(static_cast<std::uint64_t>(action.status));
}

/// Whoever took part in a send that has failed has been told, or can be told no more.
void EmbeddingHost::check_all_told(std::uint64_t send) const {
    for (const auto& [key, attempt] : attempts_) {
        if (attempt.send != send || attempt.ended || generations_.count(key.generation_key()) == 0) continue;
        throw Violation("E: a send Failed, and one of its ranks goes on");
    }
}

void EmbeddingHost::act(SendFinal& action) {
    if (action.status == Status::Failed) failed_.push_back(action.send);
    context_.users.end_send(action.send, action.status, action.reason);
    sends_.erase(std::remove(sends_.begin(), sends_.end(), action.send), sends_.end());
}

bool EmbeddingHost::idle(const Attempt& attempt) const {
    const bool queued =
        std::any_of(attempt.queues.begin(), attempt.queues.end(), [](const auto& queue) { return !queue.empty(); });
    const bool early = context_.settings.sabotage == Sabotage::idle_early;
    return !queued && attempt.unplanned.empty() && (early || attempt.in_flight == 0);
}

void EmbeddingHost::became_idle(const protocol::AttemptKey& key, Attempt& attempt) {
    if (attempt.owes_idle && idle(attempt)) answers_.push_back({Answer::Kind::idle, {}, key});
}

}  // namespace remit::sim
