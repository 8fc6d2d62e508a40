// What the worker does of what the state machine asks for.

#include "worker/language/core.hpp"

#include "base/event_log.hpp"
#include "base/nvtx_range.hpp"
#include "plan/scatter.hpp"
#include "worker/clock.hpp"
#include "worker/tracing.hpp"

#include <utility>

namespace remit::worker::language {

using namespace protocol::language;

namespace {

// A burst's memory is not kept for ever.
constexpr std::size_t kMostSpareMaps = 64;

}  // namespace

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
    const SinkTensors tensors = room.record->sink(total);
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
    if (spare_maps_.empty()) {
        room.tensors = std::make_unique<BlockMap>();
    } else {
        room.tensors = std::move(spare_maps_.back());
        spare_maps_.pop_back();
    }
    place_tensors(layout_, total, bases_, *room.tensors);
}

void Core::perform(CopyOut& action) {
    const NvtxRange range("copy out");
    Room& room = rooms_.at(action.handle);
    scratch_.clear();
    const auto planned = plan::plan_scatter(layout_, {pool_.local_map(), action.blocks, action.range.first},
                                            *room.tensors, action.range, scratch_, order_);
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
    const plan::Side side = in_sink ? plan::Side{*room.tensors, {&only_block, 1}, 0}
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
    const RoomId number = room.record->room;
    if (action.status == Status::Failed) return end_log_.failed(number, room.session, action.reason, now);
    end_log_.succeeded(number, room.session, action.total_tokens, room.record->rounds.load(std::memory_order_relaxed),
                       now - room.times.asked);
}

void Core::perform(Final& action) {
    const auto found = rooms_.find(action.handle);
    if (found == rooms_.end()) return;
    const std::shared_ptr<RoomRecord> record = found->second.record;
    const auto time = std::chrono::steady_clock::now();
    const auto now = std::chrono::duration_cast<protocol::Time>(time.time_since_epoch());
    tally_.end(found->second.times, action.status, action.reason, now);
    log_end(found->second, action, now);
    std::unique_ptr<BlockMap>& tensors = found->second.tensors;
    if (tensors != nullptr && spare_maps_.size() < kMostSpareMaps) spare_maps_.push_back(std::move(tensors));
    rooms_.erase(found);
    if (trace_ != nullptr) {
        trace::RoomEnd end{
            .time = now.count(), .handle = action.handle, .status = action.status, .tokens = action.total_tokens};
        end.set_reason(action.reason);
        trace_->add(end);
    }
    record->happened("final", 0, {0, action.total_tokens}, static_cast<std::uint32_t>(action.table.size()), action.status,
                     time);
    {
        const std::lock_guard lock(record->outcome.mutex());
        record->aux = action.aux;
        record->table = std::move(action.table);
    }
    room_ended_(*record);
    record->outcome.finish(action.status, action.reason);
}

}  // namespace remit::worker::language
