// How rounds, attempts and sends end, and what is told of it.

#include "protocol/embedding/machine.hpp"

#include <algorithm>

namespace remit::protocol::embedding {
namespace {

template <class Map, class Key, class Value>
void erase_value(Map& map, const Key& key, const Value& value) {
    const auto found = map.find(key);
    if (found == map.end()) return;
    auto& list = found->second;
    list.erase(std::remove(list.begin(), list.end(), value), list.end());
    if (list.empty()) map.erase(found);
}

}  // namespace

void Machine::report(Session& session, const Attempt& attempt) {
    if (attempt.state == AttemptState::yielded) return tell_aborted(session, attempt);
    StatusReport status{attempt.room, attempt.status, 0, 0, 0, attempt.reason, attempt.id};
    for (const Round& round : attempt.rounds) {
        if (!round.written) break;
        ++status.rounds;
        status.sent_tokens = round.range.end();
    }
    if (attempt.send) {
        if (const SendRecord* send = send_at(*attempt.send)) status.total_tokens = send->total;
    }
    // The send may be gone; a success covered all of it.
    if (attempt.status == Status::Success) status.total_tokens = status.sent_tokens;
    tell(session, status);
}

void Machine::report_failed_unseen(Session& session, RoomId room, const SessionId& id, const std::string& reason) {
    tell(session, StatusReport{room, Status::Failed, 0, 0, 0, reason, id});
}

void Machine::leave_unfinished(Session& session, const Attempt& attempt) {
    erase_value(session.unfinished, attempt.room, attempt.key.attempt);
    unpark(attempt);
}

/// The attempt posts no more data; it waits for ABORT with its rounds not closed.
void Machine::fail_attempt(Session& session, Attempt& attempt, const std::string& reason, bool tell_peer) {
    if (!attempt.unfinished()) return;
    leave_unfinished(session, attempt);
    // What a peer may be slow to let go of must not cost memory: nothing compares these any more.
    attempt.offered_blocks = {};
    for (Round& round : attempt.rounds) round.blocks = {};
    advance(attempt.state, AttemptEvent::failed);
    attempt.status = Status::Failed;
    attempt.reason = reason;
    if (!attempt.rounds.empty()) actions_.push_back(CancelAttempt{attempt.key});
    if (tell_peer) report(session, attempt);
    if (!attempt.send) return;
    if (SendRecord* send = send_at(*attempt.send)) fail_send(*send, reason);
}

/// The attempt ends without a write; its send is parked again.
void Machine::give_up(Session& session, Attempt& attempt, const std::string& reason) {
    leave_unfinished(session, attempt);
    advance(attempt.state, AttemptEvent::given_up);
    attempt.status = Status::Failed;
    attempt.reason = reason;
    if (!attempt.rounds.empty()) actions_.push_back(CancelAttempt{attempt.key});
    attempt.rounds.clear();
    end_attempt(attempt);
    if (!attempt.send) return;
    SendRecord& send = sends_.at(*attempt.send);
    attempt.send.reset();
    send.takers.erase(std::remove(send.takers.begin(), send.takers.end(), attempt.key), send.takers.end());
    park_again(send);
}

/// What only an unfinished attempt needs goes; the rest answers late messages.
void Machine::end_attempt(Attempt& attempt) {
    attempt.offered_blocks = {};
    for (Round& round : attempt.rounds) round.blocks = {};
    if (!attempt.in_flight) actions_.push_back(ForgetAttempt{attempt.key});
}

void Machine::park_again(SendRecord& send) {
    if (send.takers.empty()) {
        send.required = 0;
        if (send.status == Status::WaitingForInput) set_send_status(send, RoomEventKind::restarted);
    }
    watch_send(send, now_ + config_.timing.park_deadline);
    offer_send(send);
}

void Machine::fail_send(SendRecord& send, const std::string& reason) {
    if (send.state != SendRecord::State::open) return;
    send.state = SendRecord::State::failing;
    send.reason = reason;
    const SendId id = send.id;
    for (const AttemptKey& key : std::vector<AttemptKey>(send.takers)) {
        Attempt* attempt = attempt_at(key);
        if (attempt != nullptr) fail_attempt(sessions_.at(key.session), *attempt, reason);
    }
    check_send(id);
}

/// Ends the send once every taker succeeded, or it fails and nothing reads its source any more.
void Machine::check_send(SendId id) {
    SendRecord* send = send_at(id);
    if (send == nullptr || send->in_flight > 0) return;
    const bool failing = send->state == SendRecord::State::failing;
    const bool all = send->required != 0 && send->succeeded == send->required;
    if (!failing && !all) return;
    actions_.push_back(SendFinal{id, failing ? Status::Failed : Status::Success, send->reason});
    send_of_room_.erase(send->room);
    sends_.erase(id);
}

void Machine::set_send_status(SendRecord& send, RoomEventKind event) {
    const Status before = send.status;
    advance(send.status, event);
    if (send.status != before) actions_.push_back(SendStatus{send.id, send.status});
}

// -------------------------------------------------------------------------------------- user

void Machine::on_send(SendId id, RoomId room, std::uint64_t total_tokens, Time now,
                      std::optional<std::uint64_t> ready) {
    enter(now);
    rejections_.erase(room);
    SendRecord& send = sends_[id];
    send.id = id;
    send.room = room;
    send.total = total_tokens;
    send.ready = std::min(ready.value_or(total_tokens), total_tokens);
    send_of_room_[room] = id;
    watch_send(send, now_ + config_.timing.park_deadline);
    offer_send(send);
}

void Machine::offer_send(SendRecord& send) {
    const auto parked = parked_.find(send.room);
    if (parked == parked_.end()) return;
    const SendId id = send.id;
    std::vector<AttemptKey> candidates = parked->second;
    for (const AttemptKey& key : candidates) {
        SendRecord* open = send_at(id);
        if (open == nullptr || open->state != SendRecord::State::open) return;
        Attempt* attempt = attempt_at(key);
        if (attempt == nullptr || attempt->state != AttemptState::parked) continue;
        meet(*attempt, *open);
        if (attempt->state == AttemptState::open) unpark(*attempt);
    }
}

void Machine::on_ready(SendId id, std::uint64_t ready, Time now) {
    enter(now);
    SendRecord* send = send_at(id);
    if (send == nullptr || send->state != SendRecord::State::open || ready <= send->ready) return;
    send->ready = std::min(ready, send->total);
    for (const AttemptKey& key : send->takers) {
        Attempt* attempt = attempt_at(key);
        if (attempt == nullptr || attempt->state != AttemptState::open) continue;
        watch_attempt(*attempt, now_ + config_.timing.park_deadline);
        if (attempt->in_flight) actions_.push_back(MoreReady{key, send->ready});
    }
}

void Machine::on_cancel(SendId id, const std::string& reason, Time now) {
    enter(now);
    if (SendRecord* send = send_at(id)) fail_send(*send, reason);
}

void Machine::on_reject(RoomId room, const std::string& reason, Time now) {
    enter(now);
    const Time deadline = now_ + config_.timing.park_deadline;
    if (rejections_.count(room) == 0) rejection_deadlines_.add(deadline, room);
    rejections_[room] = {reason, deadline};
    if (const auto send = send_of_room_.find(room); send != send_of_room_.end()) {
        fail_send(sends_.at(send->second), reason);
    }
    const auto parked = parked_.find(room);
    if (parked == parked_.end()) return;
    for (const AttemptKey& key : std::vector<AttemptKey>(parked->second)) {
        if (Attempt* attempt = attempt_at(key)) fail_attempt(sessions_.at(key.session), *attempt, reason);
    }
}

// -------------------------------------------------------------------------------------- data plane

void Machine::on_posted(const AttemptKey& key) {
    if (Attempt* attempt = attempt_at(key)) attempt->posted = true;
}

void Machine::on_progress(const AttemptKey& key, Time now) {
    enter(now);
    Attempt* attempt = attempt_at(key);
    if (attempt != nullptr && attempt->unfinished()) attempt->deadline = now_ + config_.timing.park_deadline;
}

void Machine::on_round_written(const AttemptKey& key, std::uint32_t round, Time now) {
    enter(now);
    Attempt* attempt = attempt_at(key);
    if (attempt == nullptr || round >= attempt->rounds.size()) return;
    attempt->rounds[round].written = true;
    if (attempt->state != AttemptState::open) return;
    Session& session = sessions_.at(key.session);
    SendRecord& send = sends_.at(attempt->send.value());
    watch_attempt(*attempt, now_ + config_.timing.park_deadline);
    const auto is_written = [](const Round& r) { return r.written; };
    if (!std::all_of(attempt->rounds.begin(), attempt->rounds.end(), is_written)) return report(session, *attempt);
    if (attempt->accepted_end() < send.total) {
        attempt->status = Status::Transferring;
        set_send_status(send, RoomEventKind::round_complete);
        return report(session, *attempt);
    }
    leave_unfinished(session, *attempt);
    advance(attempt->state, AttemptEvent::completed);
    attempt->status = Status::Success;
    ++send.succeeded;
    report(session, *attempt);
    end_attempt(*attempt);
    check_send(send.id);
}

void Machine::on_idle(const AttemptKey& key, Time now) {
    enter(now);
    Attempt* attempt = attempt_at(key);
    if (attempt == nullptr || !attempt->in_flight) return;
    attempt->in_flight = false;
    if (attempt->reading) {
        const SendId id = *attempt->reading;
        attempt->reading.reset();
        if (SendRecord* send = send_at(id)) --send->in_flight;
        check_send(id);
    }
    Session& session = sessions_.at(key.session);
    const bool live = session.generations.count(key.generation) != 0;
    if (live) answer_abort(session, *attempt);
    if (attempt->drained()) actions_.push_back(ForgetAttempt{attempt->key});
}

}  // namespace remit::protocol::embedding
