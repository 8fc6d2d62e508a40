// INIT: an attempt opens, meets its send, and gets its first round.

#include "protocol/embedding/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::embedding {

std::string offer_fault(const BlockTable& blocks, std::uint64_t tokens, std::uint32_t block_size,
                        std::uint32_t pool_blocks, BlockTable& sorted) {
    const std::uint64_t most = std::uint64_t{block_size} * blocks.size();
    const bool fits = blocks.empty() ? tokens == 0 : tokens <= most && tokens > most - block_size;
    if (!fits) {
        return fmt::format("allocated_tokens {} does not fit {} blocks of {} tokens; permitted: {} to {}", tokens,
                           blocks.size(), block_size, blocks.empty() ? 0 : most - block_size + 1, most);
    }
    sorted.assign(blocks.begin(), blocks.end());
    std::sort(sorted.begin(), sorted.end());
    if (!sorted.empty() && sorted.back() >= pool_blocks) {
        return fmt::format("block {} is outside the pool of {} blocks", sorted.back(), pool_blocks);
    }
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    return twice == sorted.end() ? "" : fmt::format("block {} is named twice", *twice);
}

void Machine::handle(const Init& m) {
    const Found found = find(m.from, m.id);
    if (found.session == nullptr) return;
    Session& session = *found.session;
    if (const auto known = session.attempts.find(m.id.attempt); known != session.attempts.end()) {
        hear_waiting(known->second);
        return report(session, known->second);
    }
    if (is_forgotten(session, m.id.attempt)) {
        return tell(session, Aborted{m.room, true, std::nullopt, m.id});
    }
    Attempt& attempt = open_attempt(session, m.id, m.room);
    attempt.required = m.required_dst_info_num;
    attempt.offered_blocks = tables_.copy_of(m.blocks);
    attempt.offered_tokens = m.allocated_tokens;
    if (superseded(session, attempt)) return report(session, attempt);
    const std::string fault =
        offer_fault(m.blocks, m.allocated_tokens, found.generation->block_size, found.generation->pool_blocks, sorted_);
    if (!fault.empty()) return fail_attempt(session, attempt, "INIT: " + fault);
    if (const auto rejected = rejections_.find(m.room); rejected != rejections_.end()) {
        return fail_attempt(session, attempt, rejected->second.reason, SenderAnswer::never);
    }
    if (const auto late = came_late(session, m.room)) return fail_attempt(session, attempt, *late, SenderAnswer::failed);
    if (const auto send = send_of_room_.find(m.room); send != send_of_room_.end()) meet(attempt, sends_.at(send->second));
    if (attempt.state != AttemptState::parked) return;
    if (!begins_nothing_.empty()) return fail_attempt(session, attempt, begins_nothing_, SenderAnswer::never);
    if (const std::string full = parking_refusal(attempt); !full.empty()) return fail_attempt(session, attempt, full);
    park(attempt);
    report(session, attempt);
}

/// Why there is no place for an INIT without its send, or "".
std::string Machine::parking_refusal(const Attempt& attempt) const {
    if (parked_.size() >= config_.max_parked) {
        return fmt::format("limit of {} parked rooms is reached: limits.parked of the embedding worker",
                           config_.max_parked);
    }
    if (parked_blocks_ + attempt.offered_blocks.size() > config_.max_parked_blocks) {
        return fmt::format("limit of {} blocks named by parked rooms is reached: limits.parked_blocks of the embedding worker",
                           config_.max_parked_blocks);
    }
    return "";
}

void Machine::park(Attempt& attempt) {
    parked_.emplace(attempt.room, &attempt);
    parked_blocks_ += attempt.offered_blocks.size();
}

/// Takes it out of the list where it is in it.
void Machine::unpark(const Attempt& attempt) {
    const auto [first, last] = parked_.equal_range(attempt.room);
    const auto place = std::find_if(first, last, [&](const auto& entry) { return entry.second == &attempt; });
    if (place == last) return;
    parked_.erase(place);
    parked_blocks_ -= attempt.offered_blocks.size();
}

/// Fills `keys` with those that are parked for a room, in the order in which they came.
void Machine::copy_parked(RoomId room, std::vector<AttemptKey>& keys) const {
    keys.clear();
    const auto [first, last] = parked_.equal_range(room);
    for (auto it = first; it != last; ++it) keys.push_back(it->second->key());
}

Attempt& Machine::open_attempt(Session& session, const SessionId& id, RoomId room) {
    Attempt& attempt = session.attempts[id.attempt];
    attempt.id = id;
    attempt.room = room;
    const Generation& generation = session.generations.at(id.generation);
    attempt.tells_answers = generation.tells_answers;
    if (generation.checksum) attempt.chain = std::make_unique<plan::Checksums>();
    session.top_attempt = std::max(session.top_attempt, id.attempt);
    session.unfinished.emplace(room, id.attempt);
    std::uint64_t& newest = session.newest[room];
    newest = std::max(newest, id.attempt);
    watch_attempt(attempt, now_ + config_.timing.park_deadline);
    forget_left_of_window(session);
    forget_beyond_limit();
    return attempt;
}

/// The ranks of a room fail together also where one of them asks after the others' send has ended.
std::optional<std::string> Machine::came_late(const Session& session, RoomId room) {
    const auto found = aftermaths_.find(room);
    if (found == aftermaths_.end()) return std::nullopt;
    if (!found->second.sessions.insert(session.id).second) {
        // One that knows asks again. Where all have failed together, the room has begun anew; where the others have gone
        // on, it has begun anew for that one alone, and whoever comes still comes too late for the rest.
        if (config_.on_dead_rank == OnDeadRank::fail) aftermaths_.erase(found);
        return std::nullopt;
    }
    const std::string reason = found->second.reason;
    if (--found->second.left == 0) aftermaths_.erase(found);
    return reason;
}

bool Machine::all_accepted(const Attempt& attempt) {
    const SendRecord* send = attempt.send ? send_at(*attempt.send) : nullptr;
    return send != nullptr && attempt.accepted_end() == send->total;
}

/// A receiver has one live attempt a room: the highest lives, those below it are dead.
bool Machine::superseded(Session& session, Attempt& attempt) {
    if (session.newest[attempt.room] > attempt.id.attempt) {
        give_up(session, attempt, "superseded");
        return true;
    }
    if (session.unfinished.count(attempt.room) == 1) return false;  // itself
    std::vector<std::uint64_t> numbers;
    const auto [first, last] = session.unfinished.equal_range(attempt.room);
    for (auto it = first; it != last; ++it) numbers.push_back(it->second);
    std::sort(numbers.begin(), numbers.end());  // the same order wherever it runs
    for (const std::uint64_t number : numbers) {
        if (number == attempt.id.attempt) continue;
        Attempt& older = session.attempts.at(number);
        if (!older.unfinished()) continue;
        // A receiver that has all of it may ask for the room again before the last completion is in here.
        if (older.posted && all_accepted(older)) continue;
        if (older.posted) {
            fail_attempt(session, older, "superseded by a later attempt");
        } else {
            give_up(session, older, "superseded");
        }
    }
    return false;
}

/// `send` and INIT have met: the attempt takes a place of the send if there is one, else it stays parked.
void Machine::meet(Attempt& attempt, SendRecord& send) {
    Session& session = sessions_.at(attempt.id.session);
    const bool has_place = std::any_of(send.takers.begin(), send.takers.end(), [&](const AttemptKey& taker) {
        return taker.session == attempt.id.session;
    });
    if (send.state != SendRecord::State::open || has_place) return;
    if (send.required != 0 && send.takers.size() + send.missing >= send.required) return;
    if (send.required != 0 && send.required != attempt.required) {
        return fail_attempt(session, attempt,
                            fmt::format("required_dst_info_num is {}; the room's first INIT said {}", attempt.required,
                                        send.required));
    }
    send.required = attempt.required;
    send.takers.push_back(attempt.key());
    attempt.send = send.id;
    advance(attempt.state, AttemptEvent::met);
    attempt.status = Status::WaitingForInput;
    attempt.answer = SenderAnswer::coming;
    attempt.awaits_since = now_;
    watch_attempt(attempt, now_ + config_.timing.resume_deadline);
    set_send_status(send, RoomEventKind::met);
    report(session, attempt);  // announces the total, before the first byte
    if (attempt.offered_tokens > 0) accept_round(attempt, attempt.offered_blocks, attempt.offered_tokens);
}

void Machine::accept_round(Attempt& attempt, const BlockTable& blocks, std::uint64_t capacity) {
    SendRecord& send = sends_.at(attempt.send.value());
    const std::uint64_t first = attempt.accepted_end();
    const plan::TokenRange range{first, std::min(send.total - first, capacity)};
    const auto round = static_cast<std::uint32_t>(attempt.rounds.size());
    attempt.rounds.push_back({range, capacity, tables_.copy_of(blocks), false});
    watch_attempt(attempt, now_ + patience(attempt));
    if (!attempt.in_flight) {
        attempt.in_flight = true;
        attempt.reading = send.id;
        ++send.in_flight;
    }
    actions_.push_back(
        StartRound{attempt.key(), send.id, round, range, tables_.copy_of(blocks), send.ready, send.required > 1});
}

}  // namespace remit::protocol::embedding
