// STATUS and ABORTED: what the embedding worker says of an attempt.

#include "protocol/language/machine.hpp"

namespace remit::protocol::language {

/// The attempt that an answer means; nothing where the answer is stale: another incarnation's, or of a dead generation.
Attempt* Machine::answered_attempt(const SessionId& id, RoomId room) {
    Generation* generation = generation_at(id.generation_key());
    if (generation == nullptr || !generation->live() || generation->incarnation != id.incarnation) {
        ++counters_.stale_answers;
        return nullptr;
    }
    generation->heard = now_;
    Attempt* attempt = attempt_at(id.attempt_key());
    const Room* owner = attempt != nullptr ? room_at(attempt->handle) : nullptr;
    if (owner == nullptr || owner->room != room) return nullptr;
    attempt->heard = true;
    attempt->init_deadline = kNever;
    return attempt;
}

void Machine::handle(const StatusReport& m) {
    Attempt* attempt = answered_attempt(m.id, m.room);
    if (attempt == nullptr || attempt->mode == OfferMode::aborting) return;
    Room& room = *room_at(attempt->handle);
    if (room.attempt != attempt->id.attempt) return;
    set_answer(room, m.answer);
    if (m.status == Status::Failed) {
        if (certain(room, *attempt)) return;
        const std::string reason = "embedding worker: " + (m.reason.empty() ? "no reason given" : m.reason);
        if (attempt->pending_visible > 0) {
            attempt->judgement = std::make_unique<std::string>(reason);
        } else {
            fail_room(room, reason);
        }
        return;
    }
    if (m.total_tokens > 0) set_total(room, m.total_tokens);
    if (Attempt* still = attempt_at(m.id.attempt_key())) {
        hear_checksums(*still, m);
        touch(*still);
    }
}

void Machine::handle(const Aborted& m) {
    Attempt* attempt = answered_attempt(m.id, m.room);
    if (attempt == nullptr) return;
    Room& room = *room_at(attempt->handle);
    if (attempt->mode == OfferMode::running) {
        if (config_.checksum && !m.rounds && all_here(room, *attempt)) {
            return fail_room(room, "the embedding worker has forgotten the request before its checksums came");
        }
        // Not asked for: only an attempt that fell out of the peer's window unopened is answered so, or one that ended
        // with all its rounds here, which are about to become visible.
        if (m.rounds || room.total != 0 || attempt->any_immediate()) return;
        advance(attempt->mode, OfferEvent::yield_wanted);
    }
    if (!m.drained) {
        Session& session = *session_by_id(m.id.session);
        return lose_generation(session, session.generations.at(m.id.generation), "undrained", true);
    }
    if (m.rounds) {
        attempt->closed_rounds = *m.rounds;
        touch(*attempt);
    } else if (!attempt->aborted_unseen) {
        attempt->aborted_unseen = true;  // all that will come has come: take it, then free
        actions_.push_back(PollDry{attempt->id.generation_key()});
    }
}

void Machine::on_dry(const GenerationKey& key, Time now) {
    enter(now);
    if (Session* session = session_by_id(key.session)) {
        for (auto& [number, attempt] : session->attempts) {
            if (!attempt.aborted_unseen || attempt.id.generation != key.generation) continue;
            attempt.closed_rounds = 0;
            touch(attempt);
        }
    }
    settle();
}

}  // namespace remit::protocol::language
