// Deadlines, liveness, and the worker's end.

#include "protocol/embedding/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::embedding {
namespace {

long long milliseconds(Time time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

/// Every event begins here. A gap in our own running longer than a PING period restarts liveness: silence that we
/// could not have heard fails nobody. The gap begins when a PING was due: before, sleeping was right.
void Machine::enter(Time now) {
    if (started_ && now - now_ > config_.timing.ping_period) {
        for (auto& [id, session] : sessions_) {
            for (auto& [number, generation] : session.generations) {
                if (now - generation.next_ping > config_.timing.ping_period) generation.heard = now;
            }
        }
    }
    started_ = true;
    now_ = std::max(now_, now);
}

void Machine::watch_attempt(Attempt& attempt, Time deadline) {
    attempt.deadline = deadline;
    if (deadline >= attempt.queued) return;
    attempt.queued = deadline;
    attempt_deadlines_.add(deadline, attempt.key(), [this](Time when, const AttemptKey& key) {
        const Attempt* one = attempt_at(key);
        return one != nullptr && one->unfinished() && one->queued == when;
    });
}

/// The receiver says again what it said last, and so that it lives and means to go on: it waits for memory, or for its user.
/// That is no failure, up to the backstop.
void Machine::hear_waiting(Attempt& attempt) {
    if (attempt.state != AttemptState::open || !attempt.all_written()) return;
    const Time latest = attempt.awaits_since + config_.timing.backstop_deadline;
    watch_attempt(attempt, std::max(attempt.deadline, std::min(now_ + config_.timing.resume_deadline, latest)));
}

void Machine::watch_send(SendRecord& send, Time deadline) {
    const bool first = send.deadline == kNever;
    send.deadline = deadline;
    if (!first) return;
    send_deadlines_.add(deadline, send.id, [this](Time, SendId id) { return send_at(id) != nullptr; });
}

void Machine::on_time(Time now) {
    enter(now);
    generations_due();
    attempts_due();
    sends_due();
    rejections_due();
}

void Machine::rejections_due() {
    while (const auto due = aftermath_deadlines_.pop_due(now_)) {
        const auto late = aftermaths_.find(due->key);
        if (late != aftermaths_.end() && late->second.deadline <= now_) aftermaths_.erase(late);
    }
    while (const auto due = rejection_deadlines_.pop_due(now_)) {
        const auto rejection = rejections_.find(due->key);
        if (rejection == rejections_.end()) continue;
        if (rejection->second.deadline > now_) {
            rejection_deadlines_.add(rejection->second.deadline, due->key);
        } else {
            rejections_.erase(rejection);
        }
    }
}

void Machine::attempts_due() {
    while (const auto due = attempt_deadlines_.pop_due(now_)) {
        Attempt* attempt = attempt_at(due->key);
        // An entry that an earlier one has replaced is stale.
        if (attempt == nullptr || attempt->queued != due->when) continue;
        attempt->queued = kNever;
        if (!attempt->unfinished()) continue;
        if (attempt->deadline > now_) {
            watch_attempt(*attempt, attempt->deadline);
            continue;
        }
        fail_attempt(sessions_.at(due->key.session), *attempt, waited_for(*attempt));
    }
}

/// A part of what was accepted cannot be read yet: the next step is the send's user's.
bool Machine::awaits_source(const Attempt& attempt) {
    const SendRecord* send = attempt.send ? send_at(*attempt.send) : nullptr;
    return send != nullptr && send->ready < attempt.accepted_end();
}

/// How long an open attempt may wait for its next step, by whose step it is.
Time Machine::patience(const Attempt& attempt) {
    if (attempt.all_written()) return config_.timing.resume_deadline;
    return awaits_source(attempt) ? config_.timing.park_deadline : config_.timing.round_deadline;
}

/// For a deadline's reason: what was awaited, how long, from whom.
std::string Machine::waited_for(const Attempt& attempt) {
    if (attempt.state == AttemptState::parked) {
        return fmt::format("no send() for room {} within {} ms", attempt.room, milliseconds(config_.timing.park_deadline));
    }
    const PeerAddress& peer = sessions_.at(attempt.id.session).address;
    if (attempt.all_written()) {
        return fmt::format("no RESUME of room {} from the language worker at {}:{} within {} ms: {} of its rounds are written, to token {}",
                           attempt.room, peer.ip, peer.port, milliseconds(attempt.deadline - attempt.awaits_since),
                           attempt.rounds.size(), attempt.accepted_end());
    }
    if (awaits_source(attempt)) {
        const SendRecord& send = *send_at(*attempt.send);
        return fmt::format("no progress of room {} for {} ms: waiting for Send::ready(): {} of {} tokens may be read",
                           attempt.room, milliseconds(config_.timing.park_deadline), send.ready, send.total);
    }
    return fmt::format("nothing of round {} of room {} completed for {} ms on the way to the language worker at {}:{}",
                       attempt.folded, attempt.room, milliseconds(config_.timing.round_deadline), peer.ip, peer.port);
}

void Machine::sends_due() {
    while (const auto due = send_deadlines_.pop_due(now_)) {
        SendRecord* send = send_at(due->key);
        if (send == nullptr) continue;
        if (send->deadline > now_) {
            send_deadlines_.add(send->deadline, due->key);
            continue;
        }
        send->deadline = kNever;
        const std::size_t wanted = std::max<std::size_t>(send->required, 1);
        if (send->state != SendRecord::State::open || send->takers.size() >= wanted) continue;
        const std::string reason =
            fmt::format("{} of {} language workers asked for room {} within {} ms", send->takers.size(), wanted,
                        send->room, milliseconds(config_.timing.park_deadline));
        if (config_.on_dead_rank == OnDeadRank::fail || send->takers.empty()) {
            fail_send(*send, reason, SenderAnswer::failed);
            continue;
        }
        // Those that did not come are dead for the others.
        send->missing = static_cast<std::uint32_t>(wanted - send->takers.size());
        if (send->reason.empty()) send->reason = reason;
        remember_the_late(*send, reason);
        check_send(send->id);
    }
}

/// A peer must be heard, and told that we live: the cost goes by the peers that are due, not by all there are.
void Machine::watch_generation(const GenerationKey& key, Generation& generation) {
    const Time due = std::min(generation.next_ping, generation.heard + config_.timing.peer_silence);
    if (due >= generation.queued) return;
    generation.queued = due;
    generation_deadlines_.add(due, key);
}

void Machine::generations_due() {
    std::vector<GenerationKey> silent;
    while (const auto due = generation_deadlines_.pop_due(now_)) {
        const auto session = sessions_.find(due->key.session);
        if (session == sessions_.end()) continue;
        const auto found = session->second.generations.find(due->key.generation);
        if (found == session->second.generations.end() || found->second.queued != due->when) continue;
        Generation& generation = found->second;
        generation.queued = kNever;
        if (now_ >= generation.heard + config_.timing.peer_silence) {
            silent.push_back(due->key);
            continue;
        }
        if (now_ >= generation.next_ping) {
            generation.next_ping = now_ + config_.timing.ping_period;
            tell(session->second, Ping{.id = {due->key.session, due->key.generation, 0, config_.incarnation},
                                       .sequence = ++generation.ping_sequence,
                                       .sent_ns = static_cast<std::uint64_t>(now_.count())});
        }
        watch_generation(due->key, generation);
    }
    for (const GenerationKey& key : silent) {
        Session& session = sessions_.at(key.session);
        drop_generation(session, key.generation,
                        fmt::format("language worker at {}:{} silent for {} ms", session.address.ip,
                                    session.address.port, milliseconds(config_.timing.peer_silence)),
                        true);
    }
}

Time Machine::next_deadline() const {
    return std::min({attempt_deadlines_.next(), send_deadlines_.next(), rejection_deadlines_.next(),
                     generation_deadlines_.next(), aftermath_deadlines_.next()});
}

void Machine::begin_nothing(const std::string& reason, Time now) {
    enter(now);
    begins_nothing_ = reason;
    std::vector<AttemptKey> waiting;
    for (const auto& [room, attempt] : parked_) waiting.push_back(attempt->key());
    std::sort(waiting.begin(), waiting.end());  // the same order wherever it runs
    for (const AttemptKey& key : waiting) {
        fail_attempt(sessions_.at(key.session), *attempt_at(key), reason, SenderAnswer::never);
    }
}

void Machine::shut_down(const std::string& reason, Time now) {
    enter(now);
    for (auto& [id, session] : sessions_) {
        while (!session.generations.empty()) {
            drop_generation(session, session.generations.begin()->first, reason, true);
        }
    }
    std::vector<SendId> left;
    for (const auto& [id, send] : sends_) left.push_back(id);
    std::sort(left.begin(), left.end());  // the same order wherever it runs
    for (const SendId id : left) {
        if (SendRecord* send = send_at(id)) fail_send(*send, reason, SenderAnswer::never);
    }
}

}  // namespace remit::protocol::embedding
