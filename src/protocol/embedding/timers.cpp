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
    const bool first = attempt.deadline == kNever;
    attempt.deadline = deadline;
    if (first) attempt_deadlines_.add(deadline, attempt.key);
}

void Machine::watch_send(SendRecord& send, Time deadline) {
    const bool first = send.deadline == kNever;
    send.deadline = deadline;
    if (first) send_deadlines_.add(deadline, send.id);
}

void Machine::on_time(Time now) {
    enter(now);
    generations_due();
    attempts_due();
    sends_due();
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
        if (attempt == nullptr || !attempt->unfinished()) continue;
        if (attempt->deadline > now_) {
            attempt_deadlines_.add(attempt->deadline, due->key);
            continue;
        }
        const auto waited = milliseconds(config_.timing.park_deadline);
        const std::string reason =
            attempt->state == AttemptState::parked
                ? fmt::format("no send() for room {} within {} ms", attempt->room, waited)
                : fmt::format("no progress of room {} for {} ms: {} of its rounds accepted, waiting for {}",
                              attempt->room, waited, attempt->rounds.size(), stalled(*attempt));
        fail_attempt(sessions_.at(due->key.session), *attempt, reason);
    }
}

/// What an open attempt waits for.
std::string Machine::stalled(const Attempt& attempt) {
    if (!attempt.in_flight) return "RESUME from the language worker";
    const SendRecord* send = attempt.send ? send_at(*attempt.send) : nullptr;
    if (send == nullptr || send->ready >= attempt.accepted_end()) return "the wire";
    return fmt::format("Send::ready(): {} of {} tokens may be read", send->ready, send->total);
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
        fail_send(*send, fmt::format("{} of {} language workers asked for room {} within {} ms", send->takers.size(),
                                     wanted, send->room, milliseconds(config_.timing.park_deadline)));
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
                     generation_deadlines_.next()});
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
        if (SendRecord* send = send_at(id)) fail_send(*send, reason);
    }
}

}  // namespace remit::protocol::embedding
