// Memory: which rooms get blocks and credits, in what order, and who gives them back. No hold-and-wait: a room
// moves out what it has and frees it before it queues for more.

#include "protocol/language/machine.hpp"

#include "base/checked.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::language {

/// Brings everything to rest after an event: attempts first, since they free memory, then those that want it.
void Machine::settle() {
    // Destruction of a generation is under way; its end settles.
    if (dying_ > 0) return;
    do {
        while (!dirty_.empty()) {
            const AttemptKey key = dirty_.back();
            dirty_.pop_back();
            Attempt* attempt = attempt_at(key);
            if (attempt == nullptr) continue;
            attempt->dirty = false;
            examine(*attempt);
        }
        reap();
        serve();
        open_rooms();
        serve();
        overlap();
        destroy_condemned();
    } while (!dirty_.empty() && dying_ == 0);
}

/// Keeps the sets of rooms that wait for memory and of those that could use more.
void Machine::update_wants(Room& room) {
    const Attempt* attempt = attempt_of(room);
    const bool wants = attempt != nullptr && attempt->mode == OfferMode::running && !attempt->dead && room.total != 0 &&
                       attempt->offered() < room.total && !room.ending();
    const bool moved_out =
        attempt != nullptr && std::all_of(attempt->rounds.begin(), attempt->rounds.end(),
                                          [](const Round& r) { return r.complete && r.copied; });
    if (wants && moved_out && !room.waiting) {
        const bool holds_kept = !attempt->rounds.empty() && !room.sink;
        const auto rank = static_cast<std::uint8_t>(holds_kept ? 0 : attempt->holds_credit ? 1 : 2);
        room.waiting = WaitKey{rank, ++order_, room.handle};
        room.waiting_since = now_;
        waiting_.insert(*room.waiting);
        if (room.owns_deadline) {
            room.memory_deadline = now_ + config_.timing.memory_deadline;
            watch(room);
        }
    } else if (!(wants && moved_out) && room.waiting) {
        waiting_.erase(*room.waiting);
        room.waiting.reset();
        room.memory_deadline = kNever;
    }
    const bool growing = wants && !attempt->rounds.empty();
    if (growing != room.growing) {
        room.growing = growing;
        if (growing) {
            growing_.insert({room.order, room.handle});
        } else {
            growing_.erase({room.order, room.handle});
        }
    }
}

/// Blocks that the room would take now; 0: it has to wait.
std::uint32_t Machine::fits(const Room& room) const {
    const Attempt& attempt = *attempt_of(room);
    const std::uint64_t need = layout_.blocks_for(room.total - attempt.offered());
    const auto blocks = static_cast<std::uint32_t>(std::min<std::uint64_t>({need, allocator_.free_blocks(), kMaxBlocksOfMessage}));
    const bool all_or_none = config_.memory_policy == MemoryPolicy::fail ||
                             (config_.memory_policy == MemoryPolicy::wait && room.sink);
    return all_or_none && blocks < std::min<std::uint64_t>({need, allocator_.blocks(), kMaxBlocksOfMessage}) ? 0 : blocks;
}

void Machine::grant(Room& room, std::uint32_t blocks, bool extra) {
    Attempt& attempt = *attempt_of(room);
    const std::uint64_t need = room.total - attempt.offered();
    const std::uint64_t capacity = std::min<std::uint64_t>(need, std::uint64_t{blocks} * layout_.block_size());
    if (extra || !attempt.holds_credit) credits_ -= queue_pairs_of(attempt);
    attempt.holds_credit = attempt.holds_credit || !extra;
    add_round(attempt, blocks, capacity, extra);
    const auto number = static_cast<std::uint32_t>(attempt.rounds.size() - 1);
    note(room, "RESUME", number, {attempt.rounds.back().first, capacity}, blocks,
         room.waiting ? now_ - room.waiting_since : Time::zero());
    tell_round(room, attempt, attempt.rounds.back());
    attempt.backoff.restart(config_.timing);
    attempt.next_repeat = attempt.backoff.after(now_, config_.timing);
    watch(attempt);
    update_wants(room);
}

void Machine::serve() {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        Room& room = rooms_.at(it->handle);
        ++it;  // a grant takes the room off the list
        const Attempt& attempt = *attempt_of(room);
        const std::uint32_t blocks = fits(room);
        if (blocks == 0 && config_.memory_policy == MemoryPolicy::fail) {
            fail_room(room, fmt::format("no memory: {} tokens to come need {} blocks, {} of {} are free, and the memory "
                                        "policy is to fail",
                                        room.total - attempt.offered(), layout_.blocks_for(room.total - attempt.offered()),
                                        allocator_.free_blocks(), allocator_.blocks()));
            continue;
        }
        if (blocks == 0) break;  // first come, first served
        // A room that lacks only credits does not hold up those behind it.
        if (!attempt.holds_credit && credits_ < queue_pairs_of(attempt)) continue;
        grant(room, blocks, false);
    }
    if (!waiting_.empty()) ask_back();
}

/// Announced rooms wait: rooms that hold memory and have not started give it back, and of the rooms that keep their
/// blocks only the oldest waits while it holds, since two that hold and wait would wait for each other.
void Machine::ask_back() {
    for (const Handle handle : unstarted_) {
        Attempt& attempt = *attempt_of(rooms_.at(handle));
        if (attempt.dead || attempt.mode != OfferMode::running) continue;
        // One that does not know the question would leave it unanswered, and the room with INIT told no more.
        const Generation* generation = generation_at(attempt.id.generation_key());
        if (generation == nullptr || !generation->takes_yields) continue;
        advance(attempt.mode, OfferEvent::yield_wanted);
        attempt.backoff.restart(config_.timing);
        repeat(attempt);
    }
    unstarted_.clear();
    kept_.clear();
    for (const WaitKey& key : waiting_) {
        if (key.rank == 0) kept_.emplace_back(rooms_.at(key.handle).order, key.handle);
    }
    std::sort(kept_.begin(), kept_.end());
    for (std::size_t i = 1; i < kept_.size(); ++i) {
        fail_room(rooms_.at(kept_[i].second), "no memory: an older room that keeps its blocks waits for the rest");
    }
}

/// Rooms get their attempt, oldest first, where their embedding worker has a generation that is up. The cost goes by the
/// sessions that have such rooms, not by all there are.
void Machine::open_rooms() {
    if (shutting_down_ || unopened_.empty()) return;
    up_.clear();
    for (Session* session : unopened_) {
        const Generation* generation = generation_for_new_rooms(*session);
        if (generation != nullptr && generation->state == Generation::State::up) up_.push_back(session);
    }
    while (!up_.empty()) {
        const auto oldest = std::min_element(up_.begin(), up_.end(), [](const Session* a, const Session* b) {
            return *a->unopened.begin() < *b->unopened.begin();
        });
        Session& session = **oldest;
        Room& room = rooms_.at(session.unopened.begin()->second);
        open_attempt(session, room, session.generations.at(*session.current));
        if (session.unopened.empty()) up_.erase(oldest);
    }
}

/// The next round goes out while the last is on the wire, where blocks and credits are free.
void Machine::overlap() {
    if (!config_.overlap || growing_.empty() || !waiting_.empty()) return;
    for (auto it = growing_.begin(); it != growing_.end();) {
        if (allocator_.free_blocks() == 0 || credits_ == 0) return;
        Room& room = rooms_.at(it->second);
        ++it;  // a grant may take the room off the list
        const Attempt& attempt = *attempt_of(room);
        if (room.waiting || credits_ < queue_pairs_of(attempt)) continue;
        // A block table of kept blocks is dense: only its last block may be partly filled.
        if (!room.sink && attempt.rounds.back().capacity % layout_.block_size() != 0) continue;
        if (const std::uint32_t blocks = fits(room)) grant(room, blocks, true);
    }
}

}  // namespace remit::protocol::language
