#include "worker/embedding/core.hpp"

#include "base/event_log.hpp"
#include "worker/clock.hpp"
#include "worker/tracing.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace remit::worker::embedding {

using namespace protocol::embedding;

namespace {

// Messages taken before completions and deadlines are looked at again, and turns of the data plane before messages
// are: neither may starve the other.
constexpr int kMessageBatch = 256;
constexpr int kPumpBatch = 64;

// Until what no descriptor tells of is looked at again.
constexpr protocol::Time kLookAgain = std::chrono::microseconds(50);

}  // namespace

Core::Core(const Config& config, const SendQueue::Settings& settings, const Layout& layout, fabric::Fabric& fabric,
           Mailbox& mailbox, memory::Provider& memory, memory::CopyExecutor& copies, EmbeddingInbox& inbox,
           SendEnded send_ended)
    : layout_(layout),
      machine_(config),
      fabric_(fabric),
      mailbox_(mailbox),
      inbox_(inbox),
      send_ended_(std::move(send_ended)),
      trace_(settings.recorder),
      queue_(fabric, memory, copies, layout, settings),
      copies_(copies) {
    tally_.publish(machine_, queue_, mailbox_);
}

std::array<int, 3> Core::descriptors() const {
    return {inbox_.descriptor(), mailbox_.channel().descriptor(), fabric_.wake_descriptor()};
}

protocol::Time Core::next_deadline() const {
    const protocol::Time next = std::min(machine_.next_deadline(), drain_.deadline());
    const bool waits = !unfilled_.empty() || !reckoned_.empty() || queue_.waits() != SendQueue::Wait::none;
    return waits ? std::min(next, now_ + kLookAgain) : next;
}

bool Core::step(protocol::Time now) {
    now_ = now;
    bool moved = take_completions();
    moved |= take_sums();
    moved |= take_messages();
    moved |= take_commands();
    moved |= take_filled();
    if (machine_.next_deadline() <= now_) {
        machine_.on_time(now_);
        run_actions();
    }
    rejections_.store(static_cast<std::uint32_t>(machine_.rejections()));
    moved |= take_completions();
    // Sums take microseconds: the thread spins, but for one that is late.
    moved |= queue_.waits() == SendQueue::Wait::spinning || (!reckoned_.empty() && !copies_.late());
    stop_when_due();
    if (drain_.over() && queue_.links().empty() && machine_.unfinished_sends() == 0) {
        stopped_ = true;
        tally_.publish(machine_, queue_, mailbox_);
    }
    return moved;
}

bool Core::take_completions() {
    bool moved = false;
    for (int turn = 0; turn < kPumpBatch && (queue_.pump() || !queue_.events().empty()); ++turn) {
        moved = true;
        std::swap(send_events_, queue_.events());
        for (const SendEvent& event : send_events_) feed(event);
        send_events_.clear();
    }
    return moved;
}

void Core::feed(const SendEvent& event) {
    if (waits_for_sums(event)) return;
    switch (event.kind) {
        case SendEvent::Kind::posted: machine_.on_posted(event.key); break;
        case SendEvent::Kind::progress: machine_.on_progress(event.key, now_); break;
        case SendEvent::Kind::round_written:
            round_written(event);
            run_actions();
            take_sums();  // host memory's are there
            return;
        case SendEvent::Kind::idle:
            // One that waited for checksums may be older than what has begun since; that ends with an event of its own.
            if (queue_.owes_idle(event.key)) return;
            machine_.on_idle(event.key, now_);
            break;
        case SendEvent::Kind::send_failed: machine_.on_cancel(event.send, event.reason, now_); break;
        case SendEvent::Kind::link_failed:
            take_device_events();  // what is behind it, where the device has said so
            log_event(spdlog::level::warn, {.event = "generation failed", .session = event.key.session},
                      fmt::format("session {} generation {} failed: {}", event.key.session, event.key.generation,
                                  event.reason));
            machine_.on_generation_failed(event.key.generation_key(), event.reason, now_);
            break;
    }
    run_actions();
}

/// Where checksums were agreed they are of the source as it lies, not of what was gathered from it.
void Core::round_written(const SendEvent& event) {
    if (trace_ != nullptr) {
        trace_->add(trace::RoundMoment{
            .time = trace::now(), .step = trace::RoundStep::written, .round = event.round, .of = traced(event.key)});
    }
    const auto wanted = machine_.checksum_wanted(event.key, event.round);
    if (!wanted) return machine_.on_round_written(event.key, event.round, now_);
    const SendSource& source = *sends_.at(wanted->send)->source;
    stretches_.clear();
    plan::for_each_stretch(layout_, {source.map, source.table, 0}, wanted->range,
                           [this](const memory::Stretch& stretch) { stretches_.push_back(stretch); });
    const memory::Ticket ticket = copies_.reckon(stretches_, layout_.segments().size());
    reckoned_.push_back({ticket, event, wanted->send, wanted->range});
}

/// What follows a round whose checksums are not there yet comes after it, as it would have.
bool Core::waits_for_sums(const SendEvent& event) {
    if (event.kind != SendEvent::Kind::round_written && event.kind != SendEvent::Kind::idle) return false;
    const auto before = std::find_if(reckoned_.rbegin(), reckoned_.rend(),
                                     [&](const Reckoned& one) { return one.written.key == event.key; });
    if (before == reckoned_.rend()) return false;
    before->later.push_back(event);
    return true;
}

/// Rounds whose checksums are there. They end in their order.
bool Core::take_sums() {
    bool moved = false;
    while (!reckoned_.empty() && copies_.done(reckoned_.front().ticket)) {
        const Reckoned done = std::move(reckoned_.front());
        reckoned_.pop_front();
        plan::Checksums sums = copies_.take_sums(done.ticket);
        if (const std::string failure = copies_.failure(); !failure.empty()) {
            machine_.on_cancel(done.send, "checksums: " + failure, now_);
            run_actions();
        } else {
            plan::add_aux(sums, layout_, done.range, sends_.at(done.send)->source->aux);
        }
        machine_.on_round_written(done.written.key, done.written.round, now_, std::move(sums));
        run_actions();
        for (const SendEvent& event : done.later) feed(event);
        moved = true;
    }
    return moved;
}

bool Core::take_messages() {
    if (!mail_) return false;
    for (int taken = 0; taken < kMessageBatch; ++taken) {
        auto message = mailbox_.receive_for_embedding();
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
        mailbox_.reuse(*message);
    }
    return true;
}

bool Core::take_commands() {
    inbox_.take(commands_);
    for (EmbeddingCommand& command : commands_) {
        std::visit([this](auto& c) { handle(c); }, command);
        run_actions();
    }
    return !commands_.empty();
}

/// What the source's streams have filled may be read.
void Core::take_ready(SendRecord& record) {
    const std::uint64_t ready = record.watermark.take();
    if (!record.watermark.failure().empty()) {
        return machine_.on_cancel(record.id, "the stream that fills the source: " + record.watermark.failure(), now_);
    }
    machine_.on_ready(record.id, ready, now_);
    if (record.watermark.waits() && !std::exchange(record.unfilled, true)) unfilled_.push_back(record.id);
}

/// Streams are asked again and again, not waited for: see SendQueue::is_filled().
bool Core::take_filled() {
    if (unfilled_.empty() || now_ < next_look_) return false;
    next_look_ = now_ + kLookAgain;
    std::vector<SendId> asked;
    std::swap(asked, unfilled_);
    for (const SendId id : asked) {
        const auto found = sends_.find(id);
        if (found == sends_.end()) continue;
        const std::shared_ptr<SendRecord> record = found->second;
        record->unfilled = false;
        take_ready(*record);
        run_actions();
    }
    return unfilled_.size() < asked.size();
}

void Core::take_wakeups() {
    if (std::exchange(device_told_, false)) {
        fabric_.clear_wakeups();
        take_device_events();
    }
    tally_.publish(machine_, queue_, mailbox_);
}

void Core::take_device_events() {
    while (const auto event = fabric_.next_event()) {
        log().warn("{}: {}", fabric_.device(), event->text);
        std::vector<protocol::GenerationKey> failed;
        if (event->kind == fabric::AsyncEvent::Kind::queue_pair_fatal) {
            if (const auto* owner = queue_.owner_of(event->queue_pair)) failed.push_back(*owner);
        } else if (event->kind == fabric::AsyncEvent::Kind::device_fatal) {
            failed = queue_.links();
        }
        for (const protocol::GenerationKey& key : failed) {
            machine_.on_generation_failed(key, event->text, now_);
            run_actions();
        }
    }
}

void Core::run_actions() {
    while (!machine_.actions().empty() || !after_batch_.empty()) {
        std::swap(batch_, machine_.actions());
        for (Action& action : batch_) {
            std::visit([this](auto& a) { perform(a); }, action);
            if (auto* round = std::get_if<StartRound>(&action)) machine_.reuse(round->blocks);
        }
        batch_.clear();
        std::swap(events_, after_batch_);
        for (const auto& event : events_) event();
        events_.clear();
    }
}

// -------------------------------------------------------------------------------------- commands

void Core::handle(BeginSend& command) {
    SendRecord& record = *command.record;
    if (drain_.asked()) return refuse(record);
    sends_[record.id] = command.record;
    if (trace_ != nullptr) {
        trace_->add(trace::RoomMoment{.time = trace::now(),
                                      .step = trace::RoomStep::begun,
                                      .handle = record.id,
                                      .room = record.room,
                                      .tokens = record.total});
    }
    tally_.begin(record.times, steady_now());
    machine_.on_send(record.id, record.room, record.total, now_, record.watermark.take());
}

void Core::handle(ReadyTokens& command) {
    const auto found = sends_.find(command.id);
    if (found != sends_.end()) take_ready(*found->second);
}

void Core::handle(CancelSend& command) { machine_.on_cancel(command.id, "aborted by the embedding worker's user", now_); }

bool Core::reserve_rejection(std::uint32_t limit) {
    const std::uint32_t posted = posted_rejections_.fetch_add(1) + 1;
    if (posted + rejections_.load() <= limit) return true;
    posted_rejections_.fetch_sub(1);
    return false;
}

void Core::handle(RejectRoom& command) {
    machine_.on_reject(command.room, command.reason, now_);
    // In this order, so that it is never counted in neither.
    rejections_.store(static_cast<std::uint32_t>(machine_.rejections()));
    posted_rejections_.fetch_sub(1);
}

void Core::handle(StopEmbedding& command) {
    if (!drain_.asked()) machine_.begin_nothing("embedding worker is stopping", now_);
    drain_.ask(now_ + command.drain);
}

void Core::handle(TakeSnapshot& command) {
    WorkerSnapshot snapshot;
    snapshot.unfinished = machine_.unfinished_sends();
    snapshot.waiting = machine_.parked();
    snapshot.rooms = room_snapshots(machine_.oldest_sends(command.most_rooms), now_);
    snapshot.sessions = session_snapshots(machine_.session_views(), now_);
    command.answer->set_value(std::move(snapshot));
}

void Core::stop_when_due() {
    if (!drain_.ends(now_, machine_.unfinished_sends() == 0)) return;
    failed_by_stop_ = machine_.unfinished_sends();
    machine_.shut_down("embedding worker stopped", now_);
    run_actions();
}

void Core::refuse_left() {
    inbox_.take(commands_);
    for (const EmbeddingCommand& command : commands_) {
        if (const auto* begin = std::get_if<BeginSend>(&command)) refuse(*begin->record);
        if (const auto* asked = std::get_if<TakeSnapshot>(&command)) worker::refuse(*asked);
    }
}

void Core::refuse(SendRecord& record) {
    send_ended_(record.room);
    record.outcome.finish(Status::Failed, "embedding worker is stopping");
}

}  // namespace remit::worker::embedding
