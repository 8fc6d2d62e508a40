// What the worker does of what the state machine asks for.

#include "worker/embedding/core.hpp"

#include "base/event_log.hpp"
#include "worker/clock.hpp"
#include "worker/tracing.hpp"

#include <spdlog/fmt/fmt.h>

#include <utility>

namespace remit::worker::embedding {

using namespace protocol::embedding;

void Core::perform(Tell& action) {
    if (const auto* registered = std::get_if<protocol::Registered>(&action.message)) {
        if (const auto* refused = std::get_if<protocol::Registered::Refused>(&registered->answer)) {
            mailbox_.complaints().warn("refused", action.to.ip,
                                       fmt::format("language worker at {}:{} refused: {}", action.to.ip,
                                                   action.to.port, refused->error));
        }
    }
    const trace::Nanoseconds begin = traced_now(trace_);
    const auto result = mailbox_.send(action.to, action.session, action.message);
    if (result == control::SendResult::queued) return note_sent(trace_, begin, action.message);
    // An outbox that overflows fails its session: what was dropped would never be answered.
    after_batch_.push_back([this, session = action.session, why = Mailbox::why(result)] {
        for (const protocol::GenerationKey& key : queue_.links()) {
            if (key.session == session) machine_.on_generation_failed(key, why, now_);
        }
    });
}

void Core::perform(const ForgetPeer& action) { mailbox_.forget(action.to, action.session); }

void Core::perform(const BuildGeneration& action) {
    try {
        auto local = queue_.build_link(action);
        if (trace_ != nullptr) {
            trace_->add(trace::SessionMoment{trace::now(), trace::SessionStep::connected, traced(action.key),
                                             static_cast<std::uint32_t>(local.size())});
        }
        tally_.sessions().open(action.key);
        tally_.sessions().connect(action.key);
        mailbox_.complaints().info("built", std::to_string(action.key.session),
                                   fmt::format("session {} generation {}: {} queue pairs on {}", action.key.session,
                                               action.key.generation, local.size(), fabric_.describe()),
                                   {.event = "connected", .session = action.key.session});
        after_batch_.push_back([this, key = action.key, local] { machine_.on_built(key, local, now_); });
    } catch (const Error& error) {
        tally_.sessions().fail(action.key);
        mailbox_.complaints().warn("not built", std::to_string(action.key.session),
                                   fmt::format("session {} generation {}: {}", action.key.session,
                                               action.key.generation, error.what()),
                                   {.event = "not created", .session = action.key.session});
        after_batch_.push_back(
            [this, key = action.key, reason = std::string(error.what())] { machine_.on_build_failed(key, reason, now_); });
    }
}

void Core::perform(const DestroyGeneration& action) {
    mailbox_.complaints().info("destroyed", std::to_string(action.key.session),
                               fmt::format("session {} generation {} destroyed: {}", action.key.session,
                                           action.key.generation, action.reason),
                               {.session = action.key.session});
    queue_.destroy_link(action.key);
    if (trace_ != nullptr) {
        trace_->add(trace::SessionMoment{trace::now(), trace::SessionStep::destroyed, traced(action.key)});
    }
    tally_.sessions().destroy(action.key);
}

void Core::perform(const StartRound& action) {
    const auto record = sends_.find(action.send);
    if (record == sends_.end()) return;
    if (trace_ != nullptr) {
        trace_->add(trace::RoundMoment{.time = trace::now(),
                                       .step = trace::RoundStep::accepted,
                                       .round = action.round,
                                       .blocks = static_cast<std::uint32_t>(action.blocks.size()),
                                       .of = traced(action.key),
                                       .handle = action.send,
                                       .first_token = action.range.first,
                                       .tokens = action.range.count});
    }
    queue_.start(action, record->second->source);
}

void Core::perform(const MoreReady& action) { queue_.more_ready(action); }
void Core::perform(const CancelAttempt& action) { queue_.cancel(action.key); }
void Core::perform(const CloseRounds& action) { queue_.close(action.key); }
void Core::perform(const ForgetAttempt& action) { queue_.forget(action.key); }

void Core::perform(const SendStatus& action) {
    const auto record = sends_.find(action.send);
    if (trace_ != nullptr) trace_status(action);
    if (record == sends_.end()) return;
    tally_.move(record->second->times, action.status, now_);
    record->second->outcome.move_to(action.status);
}

void Core::log_end(const SendRecord& record, const SendFinal& action, protocol::Time now) {
    if (action.status == Status::Failed) return end_log_.failed(record.room, action.session, action.reason, now);
    if (action.failed_ranks > 0) {
        log_event(spdlog::level::warn, {.event = "ranks failed", .room = record.room},
                  fmt::format("send of room {}: {} of its language workers failed, the others have it all", record.room,
                              action.failed_ranks));
    }
    end_log_.succeeded(record.room, action.session, record.total, record.source->rounds.load(std::memory_order_relaxed),
                       now - record.times.begun);
}

void Core::trace_status(const SendStatus& action) {
    trace::RoomMoment moment{.time = trace::now(), .handle = action.send};
    if (action.status == Status::WaitingForInput) {
        const auto record = sends_.find(action.send);
        moment.step = trace::RoomStep::met;
        moment.tokens = record != sends_.end() ? record->second->total : 0;
    } else if (action.status == Status::Bootstrapping) {
        moment.step = trace::RoomStep::given_back;
    } else {
        return;  // its rounds tell
    }
    trace_->add(moment);
}

void Core::perform(const SendFinal& action) {
    const auto found = sends_.find(action.send);
    if (found == sends_.end()) return;
    const std::shared_ptr<SendRecord> record = found->second;
    sends_.erase(found);
    if (trace_ != nullptr) {
        trace::RoomEnd end{.time = trace::now(), .handle = action.send, .status = action.status, .tokens = record->total};
        end.set_reason(action.reason);
        trace_->add(end);
    }
    record->failed_ranks.store(action.failed_ranks, std::memory_order_relaxed);
    const protocol::Time now = steady_now();
    tally_.end(record->times, action.status, action.reason, now);
    log_end(*record, action, now);
    send_ended_(record->room);
    record->source->adopted.release();
    record->outcome.finish(action.status, action.reason);
}

}  // namespace remit::worker::embedding
