// What users ask of a language worker, and its end.

#include "worker/language/core.hpp"

namespace remit::worker::language {

using namespace protocol::language;

void Core::handle(BeginReceive& command) {
    if (drain_.asked()) return refuse(*command.record);
    tally_.begin();
    rooms_[command.record->handle].record = command.record;
    if (trace_ != nullptr) {
        trace_->add(trace::RoomMoment{.time = trace::now(),
                                      .step = trace::RoomStep::begun,
                                      .copies = command.record->sink != nullptr,
                                      .handle = command.record->handle,
                                      .room = command.record->room});
    }
    machine_.on_receive(command.record->handle, command.request, now_);
    if (!dead_.empty()) machine_.on_abort(command.record->handle, dead_, now_);
}

void Core::handle(AbortRoom& command) {
    const std::string by_user = "aborted by the language worker's user";
    machine_.on_abort(command.handle,
                      command.dropped            ? "its last handle was dropped"
                      : command.reason.empty() ? by_user
                                               : by_user + ": " + command.reason,
                      now_);
    if (command.dropped) machine_.on_release(command.handle, now_);
}

void Core::handle(ReleaseRoom& command) { machine_.on_release(command.handle, now_); }

void Core::handle(StopLanguage& command) {
    drain_.ask(now_ + command.drain);
}

void Core::handle(TakeSnapshot& command) {
    WorkerSnapshot snapshot;
    snapshot.pool_blocks = pool_.allocator().blocks();
    snapshot.free_blocks = pool_.allocator().free_blocks();
    snapshot.quarantined_blocks = pool_.allocator().quarantined_blocks();
    snapshot.unfinished = machine_.unfinished_rooms();
    snapshot.waiting = machine_.waiting_for_memory();
    snapshot.rooms = room_snapshots(machine_.oldest_rooms(command.most_rooms), now_);
    snapshot.sessions = session_snapshots(machine_.session_views(), now_);
    command.answer->set_value(std::move(snapshot));
}

void Core::stop_when_due() {
    if (!drain_.ends(now_, rooms_.empty())) return;
    failed_by_stop_ = rooms_.size();
    machine_.shut_down("language worker stopped", now_);
    run_actions();
}

void Core::refuse_left() {
    inbox_.take(commands_);
    for (const LanguageCommand& command : commands_) {
        if (const auto* begin = std::get_if<BeginReceive>(&command)) refuse(*begin->record);
        if (const auto* asked = std::get_if<TakeSnapshot>(&command)) worker::refuse(*asked);
    }
}

void Core::refuse(RoomRecord& record) {
    room_ended_(record);
    record.outcome.finish(Status::Failed, "language worker is stopping");
}

}  // namespace remit::worker::language
