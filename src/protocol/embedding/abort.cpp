// ABORT: the fence. The answer means that nothing of the attempt can land any more.

#include "protocol/embedding/machine.hpp"

namespace remit::protocol::embedding {

void Machine::handle(const Abort& m) {
    const Found found = find(m.from, m.id);
    if (found.session == nullptr) return;
    Session& session = *found.session;
    const auto known = session.attempts.find(m.id.attempt);
    if (known == session.attempts.end()) return abort_unseen(session, m);
    Attempt& attempt = known->second;
    if (m.kind == AbortKind::yield) return handle_yield(session, attempt);
    attempt.closing = true;
    if (attempt.unfinished()) {
        const std::string why = m.reason.empty() ? "" : ": " + m.reason;
        fail_attempt(session, attempt, "aborted by the language worker" + why, SenderAnswer::failed, false);
    }
    if (attempt.state == AttemptState::failed && !attempt.closed && !attempt.rounds.empty()) {
        attempt.closed = true;
        if (!attempt.in_flight) {
            attempt.in_flight = true;
            // The send may have ended already: closing a round reads nothing of its source.
            attempt.reading.reset();
        }
        actions_.push_back(CloseRounds{attempt.key()});
    }
    answer_abort(session, attempt);
}

/// An attempt never seen is marked seen, so that its INIT, still on the way, opens nothing.
void Machine::abort_unseen(Session& session, const Abort& m) {
    if (is_forgotten(session, m.id.attempt)) {
        return tell(session, Aborted{m.room, true, std::nullopt, m.id});
    }
    Attempt& attempt = open_attempt(session, m.id, m.room);
    give_up(session, attempt, "aborted before INIT");
    tell_aborted(session, attempt);
}

/// The receiver wants its blocks back from a room that has not started; if a write was posted the transfer goes on.
void Machine::handle_yield(Session& session, Attempt& attempt) {
    if (attempt.unfinished() && !attempt.posted) {
        give_up(session, attempt, "yielded");
        return tell_aborted(session, attempt);
    }
    if (attempt.state == AttemptState::yielded ||
        (attempt.state == AttemptState::ended && attempt.rounds.empty())) {
        return tell_aborted(session, attempt);
    }
    report(session, attempt);
}

void Machine::answer_abort(Session& session, Attempt& attempt) {
    if (!attempt.closing || attempt.in_flight) return;
    if (attempt.state == AttemptState::failed) {
        advance(attempt.state, AttemptEvent::drained);
        end_attempt(attempt);
    }
    tell_aborted(session, attempt);
}

void Machine::tell_aborted(Session& session, const Attempt& attempt) {
    const std::uint64_t rounds = attempt.state == AttemptState::yielded ? 0 : attempt.rounds.size();
    tell(session, Aborted{attempt.room, true, rounds, attempt.id});
}

}  // namespace remit::protocol::embedding
