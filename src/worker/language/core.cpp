#include "worker/language/core.hpp"

#include "base/event_log.hpp"
#include "worker/clock.hpp"
#include "worker/tracing.hpp"

#include <algorithm>
#include <utility>

namespace remit::worker::language {

using namespace protocol::language;

namespace {

// Messages taken before completions and deadlines are looked at again.
constexpr int kMessageBatch = 256;

// Until what no descriptor tells of is looked at again.
constexpr protocol::Time kLookAgain = std::chrono::microseconds(50);

/// The block table that an action carries, if it carries one.
BlockTable* table_of(Action& action) {
    if (auto* tell = std::get_if<Tell>(&action)) {
        if (auto* init = std::get_if<protocol::Init>(&tell->message)) return &init->blocks;
        if (auto* resume = std::get_if<protocol::Resume>(&tell->message)) return &resume->blocks;
    }
    if (auto* checksum = std::get_if<Checksum>(&action)) return &checksum->blocks;
    return nullptr;  // those of others are on their way
}

}  // namespace

Core::Core(const Config& config, pool::BlockPool& pool, Receiver& receiver, fabric::Fabric& fabric, Mailbox& mailbox,
           memory::Provider& memory, memory::CopyExecutor& copies, LanguageInbox& inbox, RoomEnded room_ended,
           trace::Recorder* trace)
    : layout_(pool.layout()),
      pool_(pool),
      receiver_(receiver),
      fabric_(fabric),
      mailbox_(mailbox),
      memory_(memory),
      copies_(copies),
      visibility_(pool, memory, copies, fabric),
      inbox_(inbox),
      room_ended_(std::move(room_ended)),
      trace_(trace),
      machine_(config, pool.allocator()),
      tally_(pool.layout()),
      free_blocks_(pool.allocator().free_blocks()),
      guessed_tokens_(machine_.guessed_tokens()) {
    publish();
}

std::array<int, 3> Core::descriptors() const {
    return {inbox_.descriptor(), mailbox_.channel().descriptor(), fabric_.wake_descriptor()};
}

/// Copies, a flush: what goes on without a descriptor to tell its end.
bool Core::waits_for_device() const {
    return !running_copies_.empty() || !running_sums_.empty() || !visibility_.idle() || !submitted_.empty();
}

void Core::arm() {
    if (!std::exchange(armed_, true)) receiver_.arm();
    visibility_.arm();
}

protocol::Time Core::next_deadline() const {
    const protocol::Time next = std::min(machine_.next_deadline(), drain_.deadline());
    return waits_for_device() ? std::min(next, now_ + kLookAgain) : next;
}

bool Core::step(protocol::Time now) {
    now_ = now;
    bool moved = take_completions();
    moved |= take_visible();
    run_actions();
    moved |= take_copies();
    moved |= take_sums();
    run_actions();
    moved |= tell_launched();
    moved |= take_messages();
    moved |= take_commands();
    if (machine_.next_deadline() <= now_) {
        machine_.on_time(now_);
        run_actions();
    }
    stop_when_due();
    free_blocks_.store(pool_.allocator().free_blocks(), std::memory_order_release);
    guessed_tokens_.store(machine_.guessed_tokens(), std::memory_order_release);
    // A copy takes microseconds: the thread spins, but for one that is late.
    moved |= waits_for_device() && !copies_.late();
    if (drain_.over() && receiver_.generations().empty() && running_copies_.empty() && running_sums_.empty() && visibility_.idle()) {
        stopped_ = true;
        publish();
    }
    return moved;
}

void Core::publish() noexcept {
    tally_.publish(machine_, pool_.allocator(), receiver_.unknown_queue_pairs(), mailbox_);
}

void Core::on_arrival(const Receiver::Arrival& arrival) {
    if (trace_ != nullptr) {
        trace_->add(trace::Immediate{trace::now(), traced(arrival.key), arrival.queue_pair, arrival.immediate});
    }
    machine_.on_immediate(arrival.key, arrival.queue_pair, arrival.immediate, now_);
}

void Core::on_failure(const Receiver::Failure& failure) {
    take_device_events();  // what is behind it, where the device has said so
    machine_.on_generation_failed(failure.key, failure.reason, now_);
}

bool Core::take_completions() {
    arrivals_.clear();
    std::vector<Receiver::Failure> failures;
    const bool moved = receiver_.poll([this](const auto& arrival) { arrivals_.push_back(arrival); },
                                      [&](const auto& failure) { failures.push_back(failure); });
    for (const Receiver::Arrival& arrival : arrivals_) {
        on_arrival(arrival);
        run_actions();
    }
    for (const Receiver::Failure& failure : failures) {
        on_failure(failure);
        run_actions();
    }
    return moved;
}

/// Feeds what has become visible; whoever calls runs the actions.
bool Core::take_visible() {
    const bool moved = visibility_.pump([this](MakeVisible& request, const Aux& aux) {
        trace_round(request.key, request.round, trace::RoundStep::visible);
        check_memory();  // a round that was not made visible fails its room first
        machine_.on_visible(request.key, request.round, aux, now_);
        machine_.reuse(request.kept);
    });
    check_memory();
    return moved;
}

/// After an error of the device nothing that it holds can be trusted: every room fails, now and from then on.
void Core::check_memory() {
    if (!dead_.empty()) return;
    const std::string failure = visibility_.failure().empty() ? copies_.failure() : visibility_.failure();
    if (failure.empty()) return;
    dead_ = fmt::format("the pool in {} is dead: {}", memory_.describe(), failure);
    log().error("{}; every room fails until the worker is made anew", dead_);
    std::vector<Handle> handles;
    for (const auto& [handle, room] : rooms_) handles.push_back(handle);
    for (const Handle handle : handles) machine_.on_abort(handle, dead_, now_);
}

/// Rooms whose last copy the device has: what their users put into a stream behind it sees all of it.
bool Core::tell_launched() {
    bool moved = false;
    for (std::size_t i = 0; i < submitted_.size();) {
        const bool launched = copies_.launched(submitted_[i].last);
        if (!launched && dead_.empty()) {
            ++i;
            continue;
        }
        const AllSubmitted all = std::move(submitted_[i]);
        submitted_.erase(submitted_.begin() + static_cast<std::ptrdiff_t>(i));
        if (launched) all.record->move_out(copies_.mark(), all.aux);
        moved = true;
    }
    return moved;
}

bool Core::take_copies() {
    bool moved = false;
    check_memory();
    run_actions();
    // Batches of one executor end in the order of their tickets.
    while (!running_copies_.empty() && copies_.done(running_copies_.front().ticket)) {
        CopyOut copy = std::move(running_copies_.front().copy);
        if (trace_ != nullptr) {
            trace_->add(trace::CopyOut{running_copies_.front().begin, trace::now(), copy.handle, copy.round});
        }
        tally_.copied(steady_now() - running_copies_.front().since);
        running_copies_.erase(running_copies_.begin());
        // A batch also ends with the error that done() has met just now: the rooms fail first, then its blocks are
        // free.
        check_memory();
        run_actions();
        machine_.on_copied(copy, now_);
        machine_.reuse(copy.blocks);
        run_actions();
        moved = true;
    }
    return moved;
}

/// Feeds what has been reckoned; whoever calls runs the actions.
bool Core::take_sums() {
    bool moved = false;
    while (!running_sums_.empty() && copies_.done(running_sums_.front().ticket)) {
        const RunningSums done = std::move(running_sums_.front());
        running_sums_.pop_front();
        plan::Checksums sums = copies_.take_sums(done.ticket);
        sums.resize(layout_.segments().size());
        check_memory();  // sums that could not be reckoned fail their room first
        plan::add_aux(sums, layout_, done.asked.range, done.asked.aux);
        machine_.on_checksum(done.asked, sums, now_);
        moved = true;
    }
    return moved;
}

bool Core::take_messages() {
    if (!mail_) return false;
    for (int taken = 0; taken < kMessageBatch; ++taken) {
        const auto message = mailbox_.receive_for_language();
        if (!message) {
            mail_ = !mailbox_.channel().drained();
            return taken > 0 || mail_;
        }
        const trace::Nanoseconds begin = traced_now(trace_);
        // What its sender waited for may have been posted since the last look, and comes first.
        take_commands();
        machine_.on_message(*message, now_);
        run_actions();
        note_received(trace_, begin, *message);
    }
    return true;
}

bool Core::take_commands() {
    inbox_.take(commands_);
    for (LanguageCommand& command : commands_) {
        std::visit([this](auto& c) { handle(c); }, command);
        run_actions();
    }
    return !commands_.empty();
}

void Core::take_wakeups() {
    if (std::exchange(device_told_, false)) {
        fabric_.clear_wakeups();
        take_device_events();
        armed_ = false;
    }
    publish();
}

void Core::take_device_events() {
    while (const auto event = fabric_.next_event()) {
        log().warn("{}: {}", fabric_.device(), event->text);
        std::vector<protocol::GenerationKey> failed;
        if (event->kind == fabric::AsyncEvent::Kind::queue_pair_fatal) {
            if (const auto* owner = receiver_.owner_of(event->queue_pair)) failed.push_back(*owner);
        } else if (event->kind == fabric::AsyncEvent::Kind::device_fatal) {
            failed = receiver_.generations();
        }
        for (const protocol::GenerationKey& key : failed) {
            machine_.on_generation_failed(key, event->text, now_);
            run_actions();
        }
    }
}

void Core::run_actions() {
    while (!machine_.actions().empty() || !after_batch_.empty()) {
        std::vector<Action> batch;
        std::swap(batch, batch_);
        std::swap(batch, machine_.actions());
        for (Action& action : batch) {
            std::visit([this](auto& a) { perform(a); }, action);
            if (BlockTable* const table = table_of(action)) machine_.reuse(*table);
        }
        batch.clear();
        std::swap(batch, batch_);
        std::vector<std::function<void()>> events;
        std::swap(events, events_);
        std::swap(events, after_batch_);
        for (const auto& event : events) event();
        events.clear();
        std::swap(events, events_);
    }
}

}  // namespace remit::worker::language
