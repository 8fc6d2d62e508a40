// How rounds, attempts and sends end, and what is told of it.

#include "protocol/embedding/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::embedding {

void Machine::report(Session& session, const Attempt& attempt) {
    if (attempt.state == AttemptState::yielded) return tell_aborted(session, attempt);
    StatusReport status{attempt.room, attempt.status, attempt.folded, 0, 0, attempt.reason, attempt.id};
    if (attempt.folded > 0) status.sent_tokens = attempt.rounds[attempt.folded - 1].range.end();
    if (attempt.tells_answers) status.answer = attempt.answer;
    if (attempt.chain) status.checksums = *attempt.chain;
    if (attempt.send) {
        if (const SendRecord* send = send_at(*attempt.send)) status.total_tokens = send->total;
    }
    // The send may be gone; a success covered all of it.
    if (attempt.status == Status::Success) status.total_tokens = status.sent_tokens;
    tell(session, status);
}

void Machine::report_failed_unseen(Session& session, RoomId room, const SessionId& id, const std::string& reason) {
    StatusReport status{room, Status::Failed, 0, 0, 0, reason, id};
    if (session.generations.at(id.generation).tells_answers) status.answer = SenderAnswer::unknown;
    tell(session, status);
}

void Machine::leave_unfinished(Session& session, const Attempt& attempt) {
    const auto [first, last] = session.unfinished.equal_range(attempt.room);
    const auto place = std::find_if(first, last, [&](const auto& entry) { return entry.second == attempt.id.attempt; });
    if (place != last) session.unfinished.erase(place);
    unpark(attempt);
}

/// The attempt posts no more data; it waits for ABORT with its rounds not closed.
void Machine::fail_attempt(Session& session, Attempt& attempt, const std::string& reason, SenderAnswer answer,
                           bool tell_peer) {
    if (!attempt.unfinished()) return;
    leave_unfinished(session, attempt);
    // What a peer may be slow to let go of must not cost memory: nothing compares these any more.
    drop_blocks(attempt);
    advance(attempt.state, AttemptEvent::failed);
    attempt.status = Status::Failed;
    attempt.reason = reason;
    attempt.answer = answer;
    if (!attempt.rounds.empty()) actions_.push_back(CancelAttempt{attempt.key()});
    remember(attempt);
    if (tell_peer) report(session, attempt);
    if (!attempt.send) return;
    if (SendRecord* send = send_at(*attempt.send)) rank_failed(session, *send, reason, answer);
}

/// One language worker's part of a send has failed: all of the send, or what the setting says.
void Machine::rank_failed(const Session& session, SendRecord& send, const std::string& reason, SenderAnswer answer) {
    if (send.state != SendRecord::State::open) return;
    if (send.required <= 1) return fail_send(send, reason, answer);
    const std::string told = fmt::format("one of the room's {} language workers failed, at {}:{}: {}", send.required,
                                         session.address.ip, session.address.port, reason);
    if (config_.on_dead_rank == OnDeadRank::fail) return fail_send(send, told, answer);
    ++send.failed;
    if (send.reason.empty()) send.reason = told;
    check_send(send.id);
}

/// Ranks that have not asked yet will, and must not wait for a send that has ended. Bounded as rejections are; past
/// that a late rank learns of it by its deadline.
void Machine::remember_the_late(const SendRecord& send, const std::string& reason) {
    constexpr std::size_t kMost = 65536;
    if (send.required <= send.takers.size() || aftermaths_.size() >= kMost) return;
    Aftermath& late = aftermaths_[send.room];
    late = {reason, {}, send.required - static_cast<std::uint32_t>(send.takers.size()), now_ + config_.timing.park_deadline};
    for (const AttemptKey& taker : send.takers) late.sessions.insert(taker.session);
    aftermath_deadlines_.add(late.deadline, send.room);
}

/// The attempt ends without a write; its send is parked again.
void Machine::give_up(Session& session, Attempt& attempt, const std::string& reason) {
    leave_unfinished(session, attempt);
    advance(attempt.state, AttemptEvent::given_up);
    attempt.status = Status::Failed;
    attempt.reason = reason;
    if (!attempt.rounds.empty()) actions_.push_back(CancelAttempt{attempt.key()});
    drop_blocks(attempt);
    attempt.rounds.clear();
    attempt.folded = 0;
    end_attempt(attempt);
    if (!attempt.send) return;
    SendRecord& send = sends_.at(*attempt.send);
    attempt.send.reset();
    send.takers.erase(std::remove(send.takers.begin(), send.takers.end(), attempt.key()), send.takers.end());
    park_again(send);
}

/// What only an unfinished attempt needs goes; the rest answers late messages.
void Machine::end_attempt(Attempt& attempt) {
    drop_blocks(attempt);
    if (!attempt.in_flight) actions_.push_back(ForgetAttempt{attempt.key()});
    remember(attempt);
}

void Machine::drop_blocks(Attempt& attempt) {
    tables_.give(attempt.offered_blocks);
    for (Round& round : attempt.rounds) tables_.give(round.blocks);
}

void Machine::park_again(SendRecord& send) {
    if (send.takers.empty()) {
        send.required = 0;
        send.missing = 0;
        if (send.status == Status::WaitingForInput) set_send_status(send, RoomEventKind::restarted);
    }
    watch_send(send, now_ + config_.timing.park_deadline);
    offer_send(send);
}

void Machine::fail_send(SendRecord& send, const std::string& reason, SenderAnswer answer) {
    if (send.state != SendRecord::State::open) return;
    send.state = SendRecord::State::failing;
    send.reason = reason;
    remember_the_late(send, reason);
    const SendId id = send.id;
    for (const AttemptKey& key : std::vector<AttemptKey>(send.takers.begin(), send.takers.end())) {
        Attempt* attempt = attempt_at(key);
        if (attempt != nullptr) fail_attempt(sessions_.at(key.session), *attempt, reason, answer);
    }
    check_send(id);
}

/// Ends the send once every taker has succeeded, or failed where the others go on, or it fails as a whole; and nothing
/// reads its source any more.
void Machine::check_send(SendId id) {
    SendRecord* send = send_at(id);
    if (send == nullptr || send->in_flight > 0) return;
    const bool failing = send->state == SendRecord::State::failing;
    const std::uint32_t lost = send->failed + send->missing;
    const bool all = send->required != 0 && send->succeeded + lost == send->required;
    if (!failing && !all) return;
    const bool success = !failing && send->succeeded > 0;
    const std::uint32_t ranks = std::max<std::uint32_t>(send->required, 1);
    actions_.push_back(SendFinal{id, success ? Status::Success : Status::Failed, success ? "" : send->reason,
                                 success ? lost : ranks - send->succeeded,
                                 send->takers.size() == 1 ? send->takers.front().session : 0});
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
    aftermaths_.erase(room);
    SendRecord& send = sends_[id];
    send.id = id;
    send.room = room;
    send.total = total_tokens;
    send.begun = now_;
    send.ready = std::min(ready.value_or(total_tokens), total_tokens);
    send_of_room_[room] = id;
    watch_send(send, now_ + config_.timing.park_deadline);
    offer_send(send);
}

void Machine::offer_send(SendRecord& send) {
    const SendId id = send.id;
    // What meets may bring other sends to be offered.
    std::vector<AttemptKey> candidates;
    candidates.swap(candidates_);
    copy_parked(send.room, candidates);
    for (const AttemptKey& key : candidates) {
        SendRecord* open = send_at(id);
        if (open == nullptr || open->state != SendRecord::State::open) break;
        Attempt* attempt = attempt_at(key);
        if (attempt == nullptr || attempt->state != AttemptState::parked) continue;
        meet(*attempt, *open);
        if (attempt->state == AttemptState::open) unpark(*attempt);
    }
    candidates.swap(candidates_);
}

void Machine::on_ready(SendId id, std::uint64_t ready, Time now) {
    enter(now);
    SendRecord* send = send_at(id);
    if (send == nullptr || send->state != SendRecord::State::open || ready <= send->ready) return;
    send->ready = std::min(ready, send->total);
    for (const AttemptKey& key : send->takers) {
        Attempt* attempt = attempt_at(key);
        if (attempt == nullptr || attempt->state != AttemptState::open) continue;
        watch_attempt(*attempt, now_ + patience(*attempt));
        if (attempt->in_flight) actions_.push_back(MoreReady{key, send->ready});
    }
}

void Machine::on_cancel(SendId id, const std::string& reason, Time now) {
    enter(now);
    if (SendRecord* send = send_at(id)) fail_send(*send, reason, SenderAnswer::never);
}

void Machine::on_reject(RoomId room, const std::string& reason, Time now) {
    enter(now);
    const Time deadline = now_ + config_.timing.park_deadline;
    if (rejections_.count(room) == 0) rejection_deadlines_.add(deadline, room);
    rejections_[room] = {reason, deadline};
    if (const auto send = send_of_room_.find(room); send != send_of_room_.end()) {
        fail_send(sends_.at(send->second), reason, SenderAnswer::never);
    }
    std::vector<AttemptKey> parked;
    copy_parked(room, parked);
    for (const AttemptKey& key : parked) {
        if (Attempt* attempt = attempt_at(key)) {
            fail_attempt(sessions_.at(key.session), *attempt, reason, SenderAnswer::never);
        }
    }
}

// -------------------------------------------------------------------------------------- data plane

void Machine::on_posted(const AttemptKey& key) {
    if (Attempt* attempt = attempt_at(key)) attempt->posted = true;
}

void Machine::on_progress(const AttemptKey& key, Time now) {
    enter(now);
    Attempt* attempt = attempt_at(key);
    if (attempt != nullptr && attempt->unfinished()) watch_attempt(*attempt, now_ + patience(*attempt));
}

std::optional<Machine::ChecksumWanted> Machine::checksum_wanted(const AttemptKey& key, std::uint32_t round) {
    const Attempt* attempt = attempt_at(key);
    if (attempt == nullptr || !attempt->chain || attempt->state != AttemptState::open) return std::nullopt;
    if (round >= attempt->rounds.size() || !attempt->send) return std::nullopt;
    return ChecksumWanted{*attempt->send, attempt->rounds[round].range};
}

/// STATUS speaks of the rounds that are written without a gap.
void Machine::fold_written(Attempt& attempt) {
    for (; attempt.folded < attempt.rounds.size() && attempt.rounds[attempt.folded].written; ++attempt.folded) {
        if (attempt.chain) plan::fold(*attempt.chain, attempt.rounds[attempt.folded].checksums);
    }
}

void Machine::on_round_written(const AttemptKey& key, std::uint32_t round, Time now, plan::Checksums checksums) {
    enter(now);
    Attempt* attempt = attempt_at(key);
    if (attempt == nullptr || round >= attempt->rounds.size()) return;
    attempt->rounds[round].written = true;
    attempt->rounds[round].checksums = std::move(checksums);
    fold_written(*attempt);
    if (attempt->state != AttemptState::open) return;
    Session& session = sessions_.at(key.session);
    SendRecord& send = sends_.at(attempt->send.value());
    attempt->awaits_since = now_;
    watch_attempt(*attempt, now_ + patience(*attempt));
    if (!attempt->all_written()) return report(session, *attempt);
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
    if (attempt->drained()) actions_.push_back(ForgetAttempt{attempt->key()});
    remember(*attempt);
}

}  // namespace remit::protocol::embedding
