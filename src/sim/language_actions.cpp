// What a language worker's driver does for its state machine, and how it answers.

#include "plan/scatter.hpp"
#include "sim/host_common.hpp"
#include "sim/language_host.hpp"
#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace remit::sim {

using namespace protocol::language;

// More tokens than any room of a simulation has.
constexpr std::uint64_t kAbsurd = 1000;

// ---------------------------------------------------------------------------------- actions

void LanguageHost::act(Tell& action) {
    if (context_.trace.words()) {
        context_.trace.say("   L{} -> {} {}", index_, context_.name_of(Context::place_at(action.to)),
                           in_words(action.message));
    }
    offered(action.message);
    fill_sender(action.message, Context::address_of(place_));
    context_.trace.mix(action.message.index());
    context_.network.send(place_, Context::place_at(action.to), action.key.session * 64 + action.key.generation,
                          {context_.now, std::move(action.message)});
}

/// Blocks that a message names are its round's from now on.
void LanguageHost::offered(const protocol::ToEmbedding& message) {
    if (const auto* init = std::get_if<protocol::Init>(&message)) {
        if (!init->blocks.empty()) ledger_.offer(init->id.attempt_key(), 0, init->blocks, allocator_);
    } else if (const auto* resume = std::get_if<protocol::Resume>(&message)) {
        const bool opens = ledger_.offer(resume->id.attempt_key(), resume->sent_tokens, resume->blocks, allocator_);
        if (opens && resume->sent_tokens > 0) ++context_.statistics.resumes;
    } else if (const auto* abort = std::get_if<protocol::Abort>(&message)) {
        context_.users.note_reason(abort->reason);
        ++(abort->kind == protocol::AbortKind::abort ? context_.statistics.aborts : context_.statistics.yields);
    }
}

void LanguageHost::act(CreateGeneration& action) {
    const bool fails = context_.settings.has(Fault::build_error) && context_.random.percent(20);
    if (fails) {
        context_.count(Fault::build_error);
        context_.users.hard = true;
    } else {
        std::vector<std::uint32_t>& numbers = generations_[action.key];
        if (!numbers.empty()) throw Violation("L: a generation is created twice");
        for (std::uint32_t i = 0; i < context_.settings.languages[index_].queue_pairs; ++i) {
            numbers.push_back(context_.fabric.create(place_, action.key, i).number);
        }
    }
    answers_.emplace_back(Created{action.key, fails});
}

void LanguageHost::act(ConnectGeneration& action) {
    const std::vector<std::uint32_t>& numbers = generations_.at(action.key);
    if (action.remote.empty() || action.remote.size() > numbers.size())
        throw Violation("L: wrong number of queue pairs");
    for (std::size_t i = 0; i < action.remote.size(); ++i) {
        context_.fabric.find(numbers[i])->peer = action.remote[i].number;
    }
}

LanguageHost::Destroyed LanguageHost::destroy(const protocol::GenerationKey& key) {
    Destroyed destroyed{key, {}};
    const auto found = generations_.find(key);
    if (found == generations_.end()) return destroyed;
    for (auto it = completions_.begin(); it != completions_.end();) {
        const auto at = std::find(found->second.begin(), found->second.end(), it->queue_pair);
        if (at == found->second.end()) {
            ++it;
            continue;
        }
        destroyed.immediates.emplace_back(static_cast<std::uint32_t>(at - found->second.begin()), it->value);
        it = completions_.erase(it);
    }
    for (const std::uint32_t number : found->second) context_.fabric.destroy(number);
    generations_.erase(found);
    return destroyed;
}

void LanguageHost::act(DestroyGeneration& action) {
    check_abort_answered(action.reason);
    context_.trace.say("   L{} destroys {}.{}: {}", index_, action.key.session, action.key.generation, action.reason);
    count_silence(context_, action.reason);
    if (context_.settings.sabotage == Sabotage::destroy_late) {
        answers_.emplace_back(Destroyed{action.key, {}});
    } else {
        answers_.emplace_back(destroy(action.key));
    }
}

/// The fence of a healthy peer over healthy wires passes long before the deadline that is there for the others.
void LanguageHost::check_abort_answered(const std::string& reason) const {
    if (reason.rfind("ABORT unanswered", 0) != 0) return;
    constexpr std::array kExcuses{
        Fault::loss,           Fault::sender_error,   Fault::receiver_error, Fault::crash_embedding,
        Fault::crash_language, Fault::stop_embedding, Fault::stop_language,  Fault::jump,
        Fault::stall};
    const bool excused = std::any_of(kExcuses.begin(), kExcuses.end(),
                                     [this](Fault fault) { return context_.statistics.came(fault); });
    if (!excused) throw Violation("L: though nothing was lost, " + reason);
}

void LanguageHost::act(AskSink& action) {
    if (context_.settings.has(Fault::slow_sink) && context_.random.percent(40)) {
        context_.count(Fault::slow_sink);
        slow_sinks_[action.handle] = context_.now + context_.users.think();
    }
    answers_.emplace_back(action);
}

bool LanguageHost::is_ready(const Answer& answer) const {
    const auto* ask = std::get_if<AskSink>(&answer);
    const auto slow = ask == nullptr ? slow_sinks_.end() : slow_sinks_.find(ask->handle);
    return slow == slow_sinks_.end() || slow->second <= context_.now;
}

void LanguageHost::act(MakeVisible& action) {
    if (action.with_aux != (action.round == 0))
        throw Violation("L: aux is wanted of a later round, or not of the first");
    ledger_.arrived(action.key, action.round);
    answers_.emplace_back(action);
}

void LanguageHost::act(CopyOut& action) {
    ledger_.copying(action.key, action.round, action.blocks);
    answers_.emplace_back(std::move(action));
}

void LanguageHost::act(Checksum& action) {
    if (action.blocks.empty() != context_.users.reception(action.handle).sink) {
        throw Violation("L: checksums are wanted of blocks that were moved out, or of a sink that is none");
    }
    answers_.emplace_back(std::move(action));
}

void LanguageHost::act(Note& action) {
    context_.trace.mix(static_cast<std::uint64_t>(action.status));
}

void LanguageHost::act(Final& action) {
    const auto known = std::find(rooms_.begin(), rooms_.end(), action.handle);
    if (known == rooms_.end()) throw Violation(fmt::format("L: room {} final twice", action.handle));
    rooms_.erase(known);
    const Reception& room = context_.users.reception(action.handle);
    for (const Answer& answer : answers_) {
        const auto* copy = std::get_if<CopyOut>(&answer);
        if (copy != nullptr && copy->handle == action.handle)
            throw Violation("L: room final while a copy into its sink runs");
        const auto* sum = std::get_if<Checksum>(&answer);
        if (sum != nullptr && room.sink && sum->handle == action.handle)
            throw Violation("L: room final while its sink is read");
    }
    if (action.status == Status::Success && !room.sink) {
        ledger_.kept(action.table, action.handle);
        kept_.push_back(action);
    }
    context_.users.end_receive(action, layout_, pool_);
}

// ---------------------------------------------------------------------------------- answers

void LanguageHost::answer() {
    std::size_t which = context_.random.below(answers_.size());
    // A worker that stops waits for no slow user: then none may be ready.
    for (std::size_t i = 0; i < answers_.size() && !is_ready(answers_[which]); ++i)
        which = (which + 1) % answers_.size();
    const Answer answer = std::move(answers_[which]);
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(which));
    context_.trace.mix(answer.index());
    std::visit([this](const auto& a) { reply(a); }, answer);
}

void LanguageHost::reply(const Created& created) {
    if (created.failed) {
        context_.trace.say("L{} cannot create {}.{}", index_, created.key.session, created.key.generation);
        machine_.on_create_failed(created.key, "no queue pairs left", context_.now);
        return execute();
    }
    const auto found = generations_.find(created.key);
    if (found == generations_.end()) return;
    std::vector<QueuePairAddress> local;
    for (const std::uint32_t number : found->second) local.push_back({number, 0, 1024, 0, {}});
    context_.trace.say("L{} created {}.{}", index_, created.key.session, created.key.generation);
    machine_.on_created(created.key, std::move(local), context_.now);
    execute();
}

void LanguageHost::reply(const Destroyed& destroyed) {
    for (const auto& [index, value] : destroyed.immediates) feed_immediate(destroyed.key, index, value);
    context_.trace.say("L{} destroyed {}.{}", index_, destroyed.key.session, destroyed.key.generation);
    machine_.on_destroyed(destroyed.key, context_.now);
    execute();
}

void LanguageHost::reply(const PollDry& poll) {
    while (!completions_.empty()) take_completion();
    context_.trace.say("L{} dry", index_);
    machine_.on_dry(poll.key, context_.now);
    execute();
}

void LanguageHost::reply(const MakeVisible& visible) {
    Aux aux{};
    if (visible.with_aux) {
        const BlockId block = context_.settings.sabotage == Sabotage::aux_of_last && context_.random.percent(50)
                                  ? pool_.blocks - 1
                                  : visible.aux_block;
        ledger_.check_aux(visible.key, block);
        constexpr std::size_t kAuxSegment = 3;
        std::memcpy(aux.data(), context_.memory.at(pool_.address(kAuxSegment, block, 0, 0, 0), sizeof aux), sizeof aux);
    }
    context_.trace.say("L{} visible {}.{}.{} round {}", index_, visible.key.session, visible.key.generation,
                       visible.key.attempt, visible.round);
    machine_.on_visible(visible.key, visible.round, aux, context_.now);
    execute();
}

void LanguageHost::reply(const AskSink& ask) {
    Reception& room = context_.users.reception(ask.handle);
    std::optional<std::string> refusal;
    if (room.refuse) {
        context_.count(Fault::refuse_sink);
        refusal = "no memory for tensors";
    } else if (ask.total_tokens > kAbsurd && context_.settings.has(Fault::corrupt)) {
        refusal = "no memory for so many tokens";
    } else if (ask.total_tokens > kAbsurd) {
        throw Violation(fmt::format("L: a sink is asked for {} tokens", ask.total_tokens));
    } else {
        room.total = ask.total_tokens;
        std::vector<std::uint64_t> bases;
        for (const Segment& segment : layout_.segments()) {
            bases.push_back(segment.once_per_request
                                ? 0
                                : context_.memory.add(segment.block_bytes(ask.total_tokens), context_.random));
        }
        room.tensors = place_tensors(layout_, ask.total_tokens, bases);
    }
    context_.trace.say("L{} sink of {} {}", index_, ask.handle, refusal ? "refuses" : "is ready");
    machine_.on_sink(ask.handle, refusal, context_.now);
    execute();
}

void LanguageHost::reply(const Checksum& asked) {
    const Reception& room = context_.users.reception(asked.handle);
    const BlockId only = 0;
    const plan::Side side =
        room.sink ? plan::Side{room.tensors, {&only, 1}, 0} : plan::Side{pool_, asked.blocks, asked.range.first};
    context_.trace.say("L{} checksums of {}.{}.{} round {}", index_, asked.key.session, asked.key.generation,
                       asked.key.attempt, asked.round);
    machine_.on_checksum(asked, plan::checksums_of(layout_, side, asked.range, asked.aux, context_.reader()),
                         context_.now);
    execute();
}

void LanguageHost::copy_out(const CopyOut& copy) {
    const Reception& room = context_.users.reception(copy.handle);
    if (room.ended) throw Violation("L: a copy into a sink that is its user's again");
    std::vector<memory::Copy> copies;
    if (const auto done =
            plan::plan_scatter(layout_, {pool_, copy.blocks, copy.range.first}, room.tensors, copy.range, copies);
        !done) {
        throw Violation("L: copy out refused by its plan: " + done.error());
    }
    for (const memory::Copy& c : copies) {
        std::memcpy(context_.memory.at(c.destination, c.bytes), context_.memory.at(c.source, c.bytes), c.bytes);
    }
}

void LanguageHost::reply(const CopyOut& copy) {
    const bool lies = context_.settings.sabotage == Sabotage::copied_early && context_.random.percent(20);
    if (!lies) {
        ledger_.check_copying(copy.key, copy.blocks);
        copy_out(copy);
    }
    context_.trace.say("L{} copied {}.{}.{} round {}", index_, copy.key.session, copy.key.generation, copy.key.attempt,
                       copy.round);
    ledger_.released(copy.blocks);
    machine_.on_copied(copy, context_.now);
    execute();
}

}  // namespace remit::sim
