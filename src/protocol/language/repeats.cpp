// What is repeated until it is answered: INIT until the total is known, each INIT and RESUME until its round is
// complete, ABORT until ABORTED; and the last INIT or RESUME now and then while the next has to wait.

#include "protocol/language/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::language {

bool Machine::repeats(const Attempt& attempt) const {
    if (attempt.dead) return false;
    if (attempt.mode != OfferMode::running) return !attempt.closed_rounds && !attempt.aborted_unseen;
    const bool open = std::any_of(attempt.rounds.begin(), attempt.rounds.end(), [](const Round& r) { return !r.arrived; });
    const std::uint64_t total = rooms_.at(attempt.handle).total;
    return open || total == 0 || attempt.offered() < total || (attempt.checks && !attempt.checks->verified);
}

/// When a message of the attempt that went out now goes out again. While the next step is this side's, which waits for memory
/// or its user, that only tells the sender that it is waited for; its deadline must outlast several, of which some are lost.
Time Machine::next_repeat(const Room& room, Attempt& attempt) const {
    constexpr int kOften = 8;
    const bool open = std::any_of(attempt.rounds.begin(), attempt.rounds.end(), [](const Round& r) { return !r.arrived; });
    const bool waits = attempt.mode == OfferMode::running && room.total > attempt.offered() && !open;
    if (!waits) return attempt.backoff.after(now_, config_.timing);
    return now_ + std::min(config_.timing.peer_silence, config_.timing.resume_deadline / kOften);
}

void Machine::repeat(Attempt& attempt) {
    const Room& room = *room_at(attempt.handle);
    const Session& session = *session_by_id(attempt.id.session);
    if (attempt.mode != OfferMode::running) {
        const AbortKind kind = attempt.mode == OfferMode::yielding ? AbortKind::yield : AbortKind::abort;
        const auto generation = session.generations.find(attempt.id.generation);
        const bool reasons = generation != session.generations.end() && generation->second.takes_reasons;
        // The ABORT of a rank that the sender does not know would tell the others nothing: it asks first, for no memory.
        const bool unknown = !attempt.heard && !attempt.any_immediate();
        if (kind == AbortKind::abort && room.required > 1 && unknown) {
            tell(session, attempt.id.generation,
                 Init{.room = room.room, .id = attempt.id, .blocks = {}, .required_dst_info_num = room.required});
        }
        tell(session, attempt.id.generation,
             Abort{.room = room.room,
                   .id = attempt.id,
                   .kind = kind,
                   .reason = reasons && kind == AbortKind::abort ? room.reason : std::string()});
    } else {
        const bool init_open = attempt.init_tokens > 0 && !attempt.rounds[0].arrived;
        // The final STATUS comes as the answer to the last message of all.
        const bool all_arrived = attempt.rounds.empty() || attempt.rounds.back().arrived;
        const bool last_is_init = attempt.rounds.size() == (attempt.init_tokens > 0 ? 1u : 0u);
        if (room.total == 0 || init_open || (all_arrived && last_is_init)) {
            tell(session, attempt.id.generation,
                 Init{.room = room.room,
                      .id = attempt.id,
                      .blocks = init_blocks(attempt),
                      .required_dst_info_num = room.required,
                      .allocated_tokens = attempt.init_tokens});
        }
        for (std::size_t k = attempt.init_tokens > 0 ? 1 : 0; k < attempt.rounds.size(); ++k) {
            const bool last = k + 1 == attempt.rounds.size();
            if (!attempt.rounds[k].arrived || (all_arrived && last)) tell_round(room, attempt, attempt.rounds[k]);
        }
    }
    attempt.next_repeat = next_repeat(room, attempt);
    watch(attempt);
}

void Machine::tell_round(const Room& room, const Attempt& attempt, const Round& round) {
    tell(*session_by_id(attempt.id.session), attempt.id.generation,
         Resume{.room = room.room,
                .id = attempt.id,
                .blocks = tables_.copy_of(round.blocks),
                .required_dst_info_num = room.required,
                .sent_tokens = round.first,
                .allocated_tokens = round.capacity});
}

void Machine::watch(Attempt& attempt) {
    const Time due =
        std::min({attempt.next_repeat, attempt.abort_deadline, attempt.init_deadline, attempt.round_deadline});
    if (due >= attempt.queued) return;
    attempt.queued = due;
    attempt_deadlines_.add(due, attempt.handle, [this](Time when, Handle handle) {
        const Room* room = room_at(handle);
        const Attempt* one = room != nullptr ? attempt_of(*room) : nullptr;
        return one != nullptr && one->queued == when;
    });
}

/// While a round is open of a room whose length is known, something of it must arrive now and then.
void Machine::watch_round(Attempt& attempt) {
    const Room& room = *room_at(attempt.handle);
    const bool open = std::any_of(attempt.rounds.begin(), attempt.rounds.end(), [](const Round& r) { return !r.arrived; });
    const bool waits = open && room.total != 0 && room.owns_deadline && attempt.mode == OfferMode::running &&
                       !attempt.dead && !room.ending();
    if (!waits) {
        attempt.round_deadline = kNever;
    } else if (attempt.round_deadline == kNever) {
        attempt.round_deadline = now_ + config_.timing.round_deadline;
        watch(attempt);
    }
}

/// Why the room of an attempt fails now, or "".
std::string Machine::overdue(const Attempt& attempt) const {
    if (attempt.mode != OfferMode::running) return "";
    const Room& room = rooms_.at(attempt.handle);
    const PeerAddress& peer = room.session->embedding;
    const auto milliseconds = [](Time time) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    };
    if (attempt.init_deadline <= now_) {
        return fmt::format("no answer to INIT from the embedding worker at {}:{} within {} ms", peer.ip, peer.port,
                           milliseconds(config_.timing.init_deadline));
    }
    if (attempt.round_deadline > now_) return "";
    const auto open = std::find_if(attempt.rounds.begin(), attempt.rounds.end(), [](const Round& r) { return !r.arrived; });
    return fmt::format("nothing of round {}, tokens [{}, {}), arrived for {} ms from the embedding worker at {}:{}",
                       open - attempt.rounds.begin(), open->first, std::min(open->first + open->capacity, room.total),
                       milliseconds(config_.timing.round_deadline), peer.ip, peer.port);
}

void Machine::attempts_due() {
    while (const auto due = attempt_deadlines_.pop_due(now_)) {
        Room* room = room_at(due->key);
        Attempt* attempt = room != nullptr ? attempt_of(*room) : nullptr;
        // An entry that an earlier one has replaced is stale.
        if (attempt == nullptr || attempt->queued != due->when) continue;
        attempt->queued = kNever;
        if (attempt->abort_deadline <= now_) {
            attempt->abort_deadline = kNever;
            condemn(*room->session, attempt->id.generation);
        }
        if (const std::string why = overdue(*attempt); !why.empty()) {
            fail_room(*room, why);
            attempt = attempt_of(*room);
            if (attempt == nullptr) continue;
        }
        if (attempt->mode != OfferMode::running) attempt->init_deadline = attempt->round_deadline = kNever;
        if (!repeats(*attempt)) {
            attempt->next_repeat = kNever;
        } else if (attempt->next_repeat <= now_) {
            ++(attempt->mode == OfferMode::running ? counters_.repeated_offers : counters_.repeated_aborts);
            repeat(*attempt);
        }
        watch(*attempt);
    }
}

}  // namespace remit::protocol::language
