#include "sim/scale/language_node.hpp"

#include "plan/scatter.hpp"
#include "sim/host_common.hpp"
#include "sim/memory.hpp"
#include "sim/scale/cluster.hpp"
#include "sim/violation.hpp"

#include <utility>

namespace remit::sim::scale {

using namespace protocol::language;

namespace {

constexpr std::uint64_t kPoolStart = std::uint64_t{1} << 42;
constexpr std::uint64_t kSinkStart = std::uint64_t{1} << 44;
constexpr std::uint32_t kPoolKey = 2;

BlockMap pool_of(const Cluster& cluster, const Layout& layout) {
    const std::uint32_t blocks = cluster.settings().pool_blocks;
    return moved_to(place_pool(layout, blocks, 0), kPoolStart, pool_bytes(layout, blocks), kPoolKey);
}

Config config_of(const Cluster& cluster, Place place, const BlockMap& pool) {
    const Settings& settings = cluster.settings();
    Config config;
    config.timing = settings.timing;
    config.layout = settings.layout;
    config.pool = pool;
    config.session_base = cluster.first_session(place);
    config.credits = settings.credits;
    config.max_message = plan::RoundSettings{}.max_write;
    config.guess = settings.guess;
    return config;
}

BlockMap sink_of(const Layout& layout, std::uint64_t total) {
    std::vector<std::uint64_t> bases;
    std::uint64_t at = kSinkStart;
    for (const Segment& segment : layout.segments()) {
        bases.push_back(at);
        at += (segment.block_bytes(total) + 255) / 256 * 256;
    }
    return place_tensors(layout, total, bases);
}

}  // namespace

LanguageNode::LanguageNode(Cluster& cluster, Place place)
    : Node(cluster, place),
      layout_(Layout::multimodal(cluster.settings().layout)),
      pool_(pool_of(cluster, layout_)),
      allocator_(pool_.blocks),
      machine_(config_of(cluster, place, pool_), allocator_) {}

Time LanguageNode::serve(Item item) {
    now_ = cluster_.now();
    thread_ = cluster_.settings().costs.event;
    if (const auto* message = std::get_if<protocol::ToLanguage>(&item)) {
        machine_.on_message(*message, now_);
    } else if (const auto* receive = std::get_if<BeginReceive>(&item)) {
        begin(*receive);
    } else if (const auto* round = std::get_if<RoundLanded>(&item)) {
        landed_ = *round;
        machine_.on_immediate(round->attempt.generation_key(), 0, protocol::immediate_of(round->attempt.attempt), now_);
    } else if (const auto* copied = std::get_if<CopiedOut>(&item)) {
        machine_.on_copied(copied->copy, now_);
    } else if (std::holds_alternative<DeadlineDue>(item)) {
        machine_.on_time(now_);
    } else {
        throw Violation("a language worker was given what is an embedding worker's");
    }
    run_actions();
    if (machine_.counters().unknown_immediates != 0) throw Violation("L: an immediate of an unknown attempt");
    account();
    return thread_;
}

/// What was held since the last event counts with what was held then.
void LanguageNode::account() {
    block_time_ = block_time(now_);
    accounted_ = now_;
    held_ = used_blocks();
}

double LanguageNode::block_time(Time now) const {
    return block_time_ + static_cast<double>((now - accounted_).count()) * held_;
}

void LanguageNode::begin(const BeginReceive& receive) {
    protocol::language::Request request;
    request.room = receive.room;
    request.embedding = Context::address_of(cluster_.request(receive.room).embedding);
    request.expected_tokens = cluster_.settings().expected;
    request.sink = true;
    machine_.on_receive(receive.room, request, now_);
}

void LanguageNode::run_actions() {
    while (!machine_.actions().empty() || !answers_.empty()) {
        actions_.clear();
        actions_.swap(machine_.actions());
        for (Action& action : actions_) {
            std::visit([this](auto& a) { act(a); }, action);
        }
        for (const Answer& answer : std::exchange(answers_, {})) {
            std::visit([this](const auto& a) { reply(a); }, answer);
        }
    }
}

void LanguageNode::act(Tell& action) {
    fill_sender(action.message, Context::address_of(place_));
    cluster_.tell(place_, Context::place_at(action.to), std::move(action.message), thread_);
}

void LanguageNode::act(DestroyGeneration& action) {
    throw Violation("L: nothing fails here, but a generation is destroyed: " + action.reason);
}

void LanguageNode::act(PollDry&) {
    throw Violation("L: an attempt has left its peer's window: settings.attempt_window is too small");
}

void LanguageNode::act(Checksum&) {
    throw Violation("L: checksums are compared, which no setting of a cluster asks for");
}

void LanguageNode::act(Note& action) {
    cluster_.noted(action);
}

void LanguageNode::act(CopyOut& action) {
    copies_.clear();
    const BlockMap sink = sink_of(layout_, cluster_.request(action.handle).tokens);
    if (const auto done =
            plan::plan_scatter(layout_, {pool_, action.blocks, action.range.first}, sink, action.range, copies_);
        !done) {
        throw Violation("L: copy out refused by its plan: " + done.error());
    }
    std::uint64_t bytes = 0;
    for (const memory::Copy& one : copies_) bytes += one.bytes;
    cluster_.later(place_, copy(now_ + thread_, bytes), CopiedOut{std::move(action)});
}

void LanguageNode::act(Final& action) {
    cluster_.received(action, thread_);
}

void LanguageNode::reply(const CreateGeneration& create) {
    machine_.on_created(create.key, {QueuePairAddress{.number = place_ + 1}}, now_);
}

void LanguageNode::reply(const MakeVisible& visible) {
    Aux aux{};
    if (visible.with_aux) {
        if (visible.key != landed_.attempt) throw Violation("L: aux is wanted of a round that has not just landed");
        aux[0] = static_cast<std::int32_t>(landed_.total_tokens);
    }
    machine_.on_visible(visible.key, visible.round, aux, now_);
}

void LanguageNode::reply(const AskSink& ask) {
    machine_.on_sink(ask.handle, std::nullopt, now_);
}

}  // namespace remit::sim::scale
