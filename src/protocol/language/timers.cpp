// Time: repeats, liveness, deadlines, and the worker's end.

#include "protocol/language/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::language {

/// Every event begins here. A gap in our own running longer than a PING period restarts liveness: silence that we
/// could not have heard fails nobody. The gap begins when a PING was due: before, sleeping was right.
void Machine::enter(Time now) {
    if (started_ && now - now_ > config_.timing.ping_period) {
        for (auto& [address, session] : sessions_) {
            for (auto& [number, generation] : session.generations) {
                if (now - generation.next_ping > config_.timing.ping_period) generation.heard = now;
            }
        }
    }
    started_ = true;
    now_ = std::max(now_, now);
}

void Machine::on_time(Time now) {
    enter(now);
    rooms_due();
    sessions_due();
    attempts_due();
    closings_due();
    settle();
}

/// REGISTER is repeated while rooms wait for it, and what nobody waits for any more is not kept for ever; a live peer
/// must be heard, and told that we live. The cost goes by the generations that are due, not by all there are.
void Machine::watch(const Session& session, Generation& generation) {
    Time due = kNever;
    if (generation.state == Generation::State::registering) {
        due = session.unopened.empty() ? generation.registering_since + config_.timing.register_deadline
                                       : generation.next_register;
    }
    if (generation.live()) due = std::min(generation.next_ping, generation.heard + config_.timing.peer_silence);
    if (due >= generation.queued) return;
    generation.queued = due;
    generation_deadlines_.add(due, {session.id, generation.number});
}

void Machine::sessions_due() {
    while (const auto due = generation_deadlines_.pop_due(now_)) {
        Generation* generation = generation_at(due->key);
        // An entry that an earlier one has replaced is stale.
        if (generation == nullptr || generation->queued != due->when) continue;
        generation->queued = kNever;
        Session& session = *session_by_id(due->key.session);
        const bool registering = generation->state == Generation::State::registering;
        if (registering && session.unopened.empty() &&
            now_ >= generation->registering_since + config_.timing.register_deadline) {
            // Else each peer that dies would cost a place among the peers, and queue pairs, for the rest of this life.
            lose_generation(session, *generation, "REGISTER was not answered, and no room waits for it now", false);
            continue;
        }
        if (registering && !session.unopened.empty() && now_ >= generation->next_register) {
            ++counters_.repeated_registers;
            repeat_register(session, *generation);
        }
        if (!generation->live()) {
            watch(session, *generation);
            continue;
        }
        if (now_ >= generation->heard + config_.timing.peer_silence) {
            lose_generation(session, *generation,
                            fmt::format("embedding worker at {}:{} silent for {} ms", session.embedding.ip,
                                        session.embedding.port,
                                        std::chrono::duration_cast<std::chrono::milliseconds>(
                                            config_.timing.peer_silence)
                                            .count()),
                            true);
        } else if (now_ >= generation->next_ping) {
            generation->next_ping = now_ + config_.timing.ping_period;
            tell(session, generation->number,
                 Ping{.id = {session.id, generation->number, 0, generation->incarnation},
                      .sequence = ++generation->ping_sequence,
                      .sent_ns = static_cast<std::uint64_t>(now_.count())});
        }
        watch(session, *generation);
    }
}

void Machine::closings_due() {
    const auto expired = [&](const Closing& closing) {
        if (closing.deadline > now_) return false;
        actions_.push_back(ForgetPeer{closing.embedding, closing.id.generation_key()});
        return true;
    };
    closings_.erase(std::remove_if(closings_.begin(), closings_.end(), expired), closings_.end());
    for (Closing& closing : closings_) {
        if (closing.next > now_) continue;
        ++counters_.repeated_closes;
        actions_.push_back(Tell{closing.embedding, closing.id.generation_key(), Close{.id = closing.id, .reason = closing.reason}});
        closing.next = closing.backoff.after(now_, config_.timing);
    }
}

Time Machine::next_deadline() const {
    Time next = std::min({room_deadlines_.next(), attempt_deadlines_.next(), generation_deadlines_.next()});
    for (const Closing& closing : closings_) next = std::min({next, closing.next, closing.deadline});
    return next;
}

void Machine::shut_down(const std::string& reason, Time now) {
    enter(now);
    shutting_down_ = true;
    std::vector<Handle> handles;
    for (const auto& [handle, room] : rooms_) handles.push_back(handle);
    std::sort(handles.begin(), handles.end());  // the same order wherever it runs
    for (const Handle handle : handles) fail_room(rooms_.at(handle), reason);
    for (auto& [address, session] : sessions_) {
        for (auto& [number, generation] : session.generations) lose_generation(session, generation, reason, true);
    }
    settle();
}

}  // namespace remit::protocol::language
