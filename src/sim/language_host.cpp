#include "sim/language_host.hpp"

#include "sim/host_common.hpp"
#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::sim {
namespace {

using namespace protocol::language;

constexpr std::uint32_t kPoolKey = 11;

Layout layout_of(const Context& context, std::uint32_t index) {
    const LanguageSettings& l = context.settings.languages[index];
    Layout::Shape shape = context.shape(l.block_size, l.arrangement);
    if (context.settings.has(Fault::refuse_register)) shape.hidden += 1;
    return Layout::multimodal(shape);
}

Config config_of(Context& context, std::uint32_t index, const Layout& layout, const BlockMap& pool) {
    const LanguageSettings& l = context.settings.languages[index];
    Config config;
    config.timing = context.settings.timing;
    config.layout = layout.shape();
    config.pool = pool;
    config.session_base = context.next_life++ * 1000;
    config.credits = l.credits;
    // The sender cuts its writes smaller than it says here.
    config.max_message = std::max(context.settings.round.max_write, protocol::kLeastMaxMessage);
    config.memory_policy = l.policy;
    config.overlap = l.overlap;
    config.checksum = context.settings.checksum;
    return config;
}

BlockMap place_in_memory(Context& context, std::uint32_t index, const Layout& layout, std::uint64_t& bytes,
                         std::uint64_t& start) {
    const Placement placement = place_small(layout, context.settings.languages[index].blocks, context.random);
    bytes = placement.bytes;
    start = context.memory.add(bytes, context.random);
    return moved_to(placement.map, start, bytes, kPoolKey);
}

}  // namespace

LanguageHost::LanguageHost(Context& context, std::uint32_t index)
    : context_(context),
      index_(index),
      place_(context.place_of_language(index)),
      layout_(layout_of(context, index)),
      pool_(place_in_memory(context, index, layout_, pool_bytes_, pool_start_)),
      ledger_(layout_, pool_, pool_start_, pool_bytes_),
      allocator_(pool_.blocks),
      machine_(config_of(context, index, layout_, pool_), allocator_),
      receives_(context.settings.languages[index].credits) {}

void LanguageHost::execute() {
    actions_.clear();
    actions_.swap(machine_.actions());
    ledger_.take_back(allocator_);
    for (auto& action : actions_) {
        context_.trace.mix(action.index());
        std::visit([this](auto& a) { act(a); }, action);
    }
    // What was offered and given up within this event.
    ledger_.take_back(allocator_);
    ledger_.check_owned(allocator_);
    context_.trace.mix(static_cast<std::uint64_t>(machine_.next_deadline().count()));
    context_.trace.mix(allocator_.free_blocks());
}

// ---------------------------------------------------------------------------------- events

void LanguageHost::deliver(const protocol::ToLanguage& message) {
    if (context_.trace.words()) context_.trace.say("L{} <- {}", index_, in_words(message));
    machine_.on_message(message, context_.now);
    execute();
}

void LanguageHost::user_receive(const Reception& reception) {
    const std::uint64_t handle = context_.users.begin_receive(reception);
    context_.trace.say("L{} receive {} of room {}, expects {}, {}", index_, handle, reception.room, reception.expected,
                       reception.sink ? "sink" : "keeps blocks");
    rooms_.push_back(handle);
    Request request;
    request.room = reception.room;
    request.embedding = Context::address_of(context_.place_of_embedding(reception.embedding));
    request.expected_tokens = reception.expected;
    request.required_dst_info_num = reception.required;
    request.sink = reception.sink;
    request.owns_deadline = reception.owns_deadline;
    machine_.on_receive(handle, request, context_.now);
    execute();
}

void LanguageHost::user_abort(std::size_t which) {
    context_.trace.say("L{} user aborts {}", index_, rooms_[which]);
    machine_.on_abort(rooms_[which], "aborted by its user", context_.now);
    execute();
}

void LanguageHost::user_release(std::size_t which) {
    const Final final = kept_[which];
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(which));
    context_.trace.say("L{} user releases {}", index_, final.handle);
    ledger_.check_kept(final.table, final.handle);
    context_.users.check_kept(final, layout_, pool_);
    ledger_.released(final.table);
    machine_.on_release(final.handle, context_.now);
    execute();
}

void LanguageHost::queue_pair_failed(const protocol::GenerationKey& generation, const std::string& reason) {
    context_.trace.say("L{} generation {}.{} failed: {}", index_, generation.session, generation.generation, reason);
    machine_.on_generation_failed(generation, reason, context_.now);
    execute();
}

void LanguageHost::on_time() {
    context_.trace.say("L{} on_time", index_);
    machine_.on_time(context_.now);
    execute();
    if (machine_.next_deadline() <= context_.now) {
        throw Violation("L: on_time() leaves a deadline in the past: its driver would spin");
    }
}

void LanguageHost::shut_down() {
    context_.trace.say("L{} shuts down", index_);
    machine_.shut_down("worker stops", context_.now);
    execute();
    while (!answers_.empty()) answer();
    while (!kept_.empty()) user_release(0);
    while (!answers_.empty()) answer();
    if (machine_.rooms() != 0 || machine_.unfenced_attempts() != 0 || allocator_.free_blocks() != allocator_.blocks()) {
        throw Violation("L: shut_down() leaves rooms, attempts or blocks");
    }
}

void LanguageHost::take_completion() {
    const Immediate done = completions_.front();
    completions_.pop_front();
    const QueuePair* queue_pair = context_.fabric.find(done.queue_pair);
    if (queue_pair == nullptr) throw Violation("L: a completion of a queue pair that was destroyed");
    feed_immediate(queue_pair->generation, queue_pair->index, done.value);
}

void LanguageHost::feed_immediate(const protocol::GenerationKey& key, std::uint32_t index, std::uint32_t value) {
    context_.trace.say("L{} immediate {} on {}.{} queue pair {}", index_, value, key.session, key.generation, index);
    ++receives_;  // taken, and posted again
    machine_.on_immediate(key, index, value, context_.now);
    execute();
    if (machine_.counters().unknown_immediates != 0) throw Violation("L: an immediate of an unknown attempt");
}

void LanguageHost::land(const WorkRequest& request, std::uint64_t from, std::uint64_t bytes) {
    ledger_.check_landing(request.attempt, request.round, request.remote + from, bytes);
    const auto first = request.data.begin() + static_cast<std::ptrdiff_t>(from);
    std::copy(first, first + static_cast<std::ptrdiff_t>(bytes), context_.memory.at(request.remote + from, bytes));
    context_.statistics.bytes += bytes;
}

void LanguageHost::land_immediate(std::uint32_t queue_pair, std::uint32_t immediate) {
    if (receives_ == 0) throw Violation("L: the shared receive queue ran dry");
    --receives_;
    completions_.push_back({queue_pair, immediate});
}

std::string LanguageHost::unrest() const {
    if (machine_.rooms() != 0) {
        return fmt::format("L{}: {} rooms, {} of them not final", index_, machine_.rooms(), rooms_.size());
    }
    if (machine_.unfenced_attempts() != 0) return fmt::format("L{}: an attempt not fenced", index_);
    if (allocator_.free_blocks() != allocator_.blocks()) return fmt::format("L{}: blocks not free", index_);
    if (allocator_.quarantined_blocks() != 0) return fmt::format("L{}: blocks in quarantine", index_);
    const std::uint32_t credits = context_.settings.languages[index_].credits;
    if (machine_.free_credits() != credits) return fmt::format("L{}: credits not free", index_);
    if (receives_ + completions_.size() != credits) return fmt::format("L{}: receives lost", index_);
    if (!answers_.empty()) return fmt::format("L{}: driver not done", index_);
    return "";
}

}  // namespace remit::sim
