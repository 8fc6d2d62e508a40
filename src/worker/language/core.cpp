#include "worker/language/core.hpp"

#include "base/event_log.hpp"
#include "base/nvtx_range.hpp"
#include "plan/scatter.hpp"
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

// A burst's memory is not kept for ever.
constexpr std::size_t kMostSpareMaps = 64;

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
    receiver_.arm();
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
    fabric_.clear_wakeups();
    take_device_events();
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

// -------------------------------------------------------------------------------------- actions

void Core::perform(Tell& action) {
    const trace::Nanoseconds begin = traced_now(trace_);
    const auto result = mailbox_.send(action.to, action.key.generation, action.message);
    if (result == control::SendResult::queued) return note_sent(trace_, begin, action.message);
    after_batch_.push_back([this, key = action.key, result] {
        // A new connection has an empty outbox; to an address that cannot be reached there is none.
        if (result != control::SendResult::overflow) {
            machine_.on_unreachable(key, Mailbox::why(result), now_);
        } else {
            machine_.on_generation_failed(key, Mailbox::why(result), now_);
        }
    });
}

void Core::perform(const ForgetPeer& action) { mailbox_.forget(action.peer, action.key.generation); }

void Core::perform(const CreateGeneration& action) {
    try {
        auto local = receiver_.create(action.key);
        trace_session(action.key, trace::SessionStep::created, local.size());
        tally_.sessions().open(action.key);
        after_batch_.push_back([this, key = action.key, local] { machine_.on_created(key, local, now_); });
    } catch (const Error& error) {
        tally_.sessions().fail(action.key);
        log_event(spdlog::level::err, {.event = "not created", .session = action.key.session},
                  fmt::format("session {} generation {}: {}", action.key.session, action.key.generation, error.what()));
        after_batch_.push_back([this, key = action.key, reason = std::string(error.what())] {
            machine_.on_create_failed(key, reason, now_);
        });
    }
}

void Core::perform(const ConnectGeneration& action) {
    try {
        receiver_.connect(action.key, action.remote);
        trace_session(action.key, trace::SessionStep::connected, action.remote.size());
        tally_.sessions().connect(action.key);
        log_event(spdlog::level::info, {.event = "connected", .session = action.key.session},
                  fmt::format("session {} generation {}: {} queue pairs on {}", action.key.session, action.key.generation,
                              action.remote.size(), fabric_.describe()));
    } catch (const Error& error) {
        tally_.sessions().fail(action.key);
        after_batch_.push_back([this, key = action.key, reason = std::string(error.what())] {
            machine_.on_connect_failed(key, reason, now_);
        });
    }
}

void Core::perform(const DestroyGeneration& action) {
    log_event(spdlog::level::info, {.event = "destroyed", .session = action.key.session},
              fmt::format("session {} generation {} destroyed: {}", action.key.session, action.key.generation, action.reason));
    receiver_.destroy(
        action.key, [this](const auto& arrival) { on_arrival(arrival); },
        [this](const auto& failure) {
            // Its own flushed work is no news; another generation's failure is.
            after_batch_.push_back([this, failure] { on_failure(failure); });
        });
    trace_session(action.key, trace::SessionStep::destroyed);
    tally_.sessions().destroy(action.key);
    after_batch_.push_back([this, key = action.key] { machine_.on_destroyed(key, now_); });
}

void Core::perform(const PollDry& action) {
    receiver_.poll([this](const auto& arrival) { on_arrival(arrival); },
                   [this](const auto& failure) { after_batch_.push_back([this, failure] { on_failure(failure); }); });
    after_batch_.push_back([this, key = action.key] { machine_.on_dry(key, now_); });
}

void Core::perform(MakeVisible& action) {
    trace_round(action.key, action.round, trace::RoundStep::arrived);
    visibility_.start(std::move(action));
    // Host memory is visible with the completion.
    after_batch_.push_back([this] { take_visible(); });
}

void Core::perform(const AskSink& action) {
    std::optional<std::string> refusal;
    try {
        place_in_sink(rooms_.at(action.handle), action.total_tokens);
    } catch (const std::exception& error) {
        refusal = error.what();
    } catch (...) {
        refusal = "threw something that is no std::exception";
    }
    if (!refusal) {
        after_batch_.push_back([this, handle = action.handle] { machine_.on_sink(handle, std::nullopt, now_); });
    } else {
        after_batch_.push_back([this, handle = action.handle, refusal] { machine_.on_sink(handle, refusal, now_); });
    }
}

/// Asks the sink where it wants its tokens. @throws what the sink throws, Error(misuse) for what it returned.
void Core::place_in_sink(Room& room, std::uint64_t total) {
    const SinkTensors tensors = (*room.record->sink)(total);
    if (tensors.data.size() != layout_.segments().size()) {
        throw Error(ErrorKind::misuse, fmt::format("returned {} tensors; the layout has {} segments",
                                                   tensors.data.size(), layout_.segments().size()));
    }
    bases_.clear();
    for (std::size_t i = 0; i < tensors.data.size(); ++i) {
        const Segment& segment = layout_.segments()[i];
        if (tensors.data[i] == nullptr && !segment.once_per_request) {
            throw Error(ErrorKind::misuse, fmt::format("returned no tensor for {}", to_string(segment.kind)));
        }
        if (!segment.once_per_request) {
            memory_.require_reachable(tensors.data[i], segment.block_bytes(total), "the sink's tensor");
        }
        bases_.push_back(reinterpret_cast<std::uintptr_t>(tensors.data[i]));
    }
    if (!spare_maps_.empty()) {
        room.tensors = std::move(spare_maps_.back());
        spare_maps_.pop_back();
    }
    place_tensors(layout_, total, bases_, room.tensors);
}

void Core::perform(CopyOut& action) {
    const NvtxRange range("copy out");
    Room& room = rooms_.at(action.handle);
    scratch_.clear();
    const auto planned = plan::plan_scatter(layout_, {pool_.local_map(), action.blocks, action.range.first},
                                            room.tensors, action.range, scratch_, order_);
    if (!planned) throw Error(ErrorKind::internal, "scatter: " + planned.error());
    const protocol::Time since = steady_now();
    const trace::Nanoseconds begin = traced_now(trace_);
    const memory::Ticket ticket = copies_.submit(scratch_, 0);
    room.moved_out += action.range.count;
    const bool all = room.moved_out >= room.record->total.load(std::memory_order_relaxed);
    if (all && memory_.streams() != nullptr) submitted_.push_back({room.record, ticket, action.aux});
    running_copies_.push_back({ticket, std::move(action), since, begin});
}

void Core::perform(const Checksum& action) {
    const Room& room = rooms_.at(action.handle);
    const BlockId only_block = 0;
    const bool in_sink = action.blocks.empty();
    const plan::Side side = in_sink ? plan::Side{room.tensors, {&only_block, 1}, 0}
                                    : plan::Side{pool_.blocks_map(), action.blocks, action.range.first};
    stretches_.clear();
    plan::for_each_stretch(layout_, side, action.range,
                           [this](const memory::Stretch& stretch) { stretches_.push_back(stretch); });
    running_sums_.push_back({copies_.reckon(stretches_, layout_.segments().size()), action});
    after_batch_.push_back([this] { take_sums(); });  // host memory's are there
}

void Core::perform(const Answered& action) {
    const auto found = rooms_.find(action.handle);
    if (found != rooms_.end()) found->second.record->answer.store(action.answer, std::memory_order_release);
}

void Core::perform(const Note& action) {
    const auto found = rooms_.find(action.handle);
    if (found == rooms_.end()) return;
    if (trace_ != nullptr) trace_note(action);
    RoomRecord& record = *found->second.record;
    if (action.session != 0) found->second.session = action.session;
    const auto time = std::chrono::steady_clock::now();
    tally_.note(found->second.times, action, std::chrono::duration_cast<protocol::Time>(time.time_since_epoch()));
    if (action.what == "announced") record.total.store(action.range.count, std::memory_order_release);
    if (action.what == "round complete") record.rounds.fetch_add(1, std::memory_order_relaxed);
    record.happened(action.what, action.round, action.range, action.blocks, action.status, time);
    record.outcome.move_to(action.status);
}

void Core::log_end(const Room& room, const Final& action, protocol::Time now) {
    const RoomId number = room.record->request.room;
    if (action.status == Status::Failed) return end_log_.failed(number, room.session, action.reason, now);
    end_log_.succeeded(number, room.session, action.total_tokens, room.record->rounds.load(std::memory_order_relaxed),
                       now - room.times.asked);
}

void Core::perform(Final& action) {
    const auto found = rooms_.find(action.handle);
    if (found == rooms_.end()) return;
    const std::shared_ptr<RoomRecord> record = found->second.record;
    const protocol::Time now = steady_now();
    tally_.end(found->second.times, action.status, action.reason, now);
    log_end(found->second, action, now);
    const bool has_map = found->second.tensors.segments.capacity() > 0;
    if (has_map && spare_maps_.size() < kMostSpareMaps) spare_maps_.push_back(std::move(found->second.tensors));
    rooms_.erase(found);
    if (trace_ != nullptr) {
        trace::RoomEnd end{
            .time = trace::now(), .handle = action.handle, .status = action.status, .tokens = action.total_tokens};
        end.set_reason(action.reason);
        trace_->add(end);
    }
    record->happened("final", 0, {0, action.total_tokens}, static_cast<std::uint32_t>(action.table.size()), action.status);
    {
        const std::lock_guard lock(record->mutex);
        record->aux = action.aux;
        record->table = std::move(action.table);
    }
    room_ended_(record->request);
    record->outcome.finish(action.status, action.reason);
}

}  // namespace remit::worker::language
