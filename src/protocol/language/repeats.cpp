// What is repeated until it is answered: INIT until the total is known, each INIT and RESUME until its round is
// complete, ABORT until ABORTED.

#include "protocol/language/machine.hpp"

#include <algorithm>

namespace remit::protocol::language {

bool Machine::repeats(const Attempt& attempt) const {
    if (attempt.dead) return false;
    if (attempt.mode != OfferMode::running) return !attempt.closed_rounds && !attempt.aborted_unseen;
    const bool open = std::any_of(attempt.rounds.begin(), attempt.rounds.end(), [](const Round& r) { return !r.arrived; });
    return open || rooms_.at(attempt.handle).total == 0;
}

void Machine::repeat(Attempt& attempt) {
    const Room& room = *room_at(attempt.handle);
    const Session& session = *session_by_id(attempt.key.session);
    if (attempt.mode != OfferMode::running) {
        const AbortKind kind = attempt.mode == OfferMode::yielding ? AbortKind::yield : AbortKind::abort;
        tell(session, attempt.key.generation, Abort{.room = room.room, .id = attempt.id, .kind = kind});
    } else {
        const bool init_open = attempt.init_tokens > 0 && !attempt.rounds[0].arrived;
        if (room.total == 0 || init_open) {
            tell(session, attempt.key.generation,
                 Init{.room = room.room,
                      .id = attempt.id,
                      .blocks = attempt.init_blocks,
                      .required_dst_info_num = room.required,
                      .allocated_tokens = attempt.init_tokens});
        }
        for (std::size_t k = attempt.init_tokens > 0 ? 1 : 0; k < attempt.rounds.size(); ++k) {
            if (!attempt.rounds[k].arrived) tell_round(room, attempt, attempt.rounds[k]);
        }
    }
    attempt.next_repeat = attempt.backoff.after(now_, config_.timing);
    watch(attempt);
}

void Machine::tell_round(const Room& room, const Attempt& attempt, const Round& round) {
    tell(*session_by_id(attempt.key.session), attempt.key.generation,
         Resume{.room = room.room,
                .id = attempt.id,
                .blocks = round.blocks,
                .required_dst_info_num = room.required,
                .sent_tokens = round.first,
                .allocated_tokens = round.capacity});
}

void Machine::watch(Attempt& attempt) {
    const Time due = std::min(attempt.next_repeat, attempt.abort_deadline);
    if (due >= attempt.queued) return;
    attempt.queued = due;
    attempt_deadlines_.add(due, attempt.key);
}

void Machine::attempts_due() {
    while (const auto due = attempt_deadlines_.pop_due(now_)) {
        Attempt* attempt = attempt_at(due->key);
        // An entry that an earlier one has replaced is stale.
        if (attempt == nullptr || attempt->queued != due->when) continue;
        attempt->queued = kNever;
        if (attempt->abort_deadline <= now_) {
            attempt->abort_deadline = kNever;
            condemn(*session_by_id(due->key.session), due->key.generation);
        }
        if (!repeats(*attempt)) {
            attempt->next_repeat = kNever;
        } else if (attempt->next_repeat <= now_) {
            repeat(*attempt);
        }
        watch(*attempt);
    }
}

}  // namespace remit::protocol::language
