// Rooms: from receive() to Success or Failed.

#include "protocol/language/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace remit::protocol::language {
namespace {

// aux[0] carries the length as an int32.
constexpr std::uint64_t kMaxTokens = std::numeric_limits<std::int32_t>::max();

long long milliseconds(Time time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

bool by_number(const Session* a, const Session* b) { return a->id < b->id; }

}  // namespace

void Machine::on_receive(Handle handle, const Request& request, Time now) {
    enter(now);
    Room& room = rooms_[handle];
    room.handle = handle;
    room.room = request.room;
    room.expected = request.expected_tokens;
    room.required = request.required_dst_info_num;
    room.sink = request.sink;
    room.size_first = request.expected_tokens == 0;
    room.order = ++order_;
    room.started = now_;
    room.owns_deadline = request.owns_deadline;
    const Time configured = request.owns_deadline ? config_.timing.room_deadline : config_.timing.backstop_deadline;
    room.deadline = now_ + (request.deadline > Time::zero() ? request.deadline : configured);
    watch(room);
    room.reason = refusal(request);
    if (room.reason.empty()) {
        await_registered(room);
        room.session = &session_of(request.embedding);
        enter_unopened(room);
    } else {
        finish(room, Status::Failed);
    }
    settle();
}

/// Why no room is begun, or "".
std::string Machine::refusal(const Request& request) {
    if (quarantined_ >= config_.max_quarantine) {
        return fmt::format("limit of {} rooms in quarantine is reached: raise limits.quarantine, or lower timing.abort_deadline",
                           config_.max_quarantine);
    }
    if (!make_place_for(request.embedding)) {
        return fmt::format("limit of {} peers is reached: raise limits.peers", config_.max_peers);
    }
    return "";
}

/// From now on, or from the peer's latest answer: a peer that only registers and is lost again renews nothing.
void Machine::await_registered(Room& room) {
    if (room.owns_deadline) room.register_deadline = now_ + config_.timing.register_deadline;
}

void Machine::enter_unopened(Room& room) {
    watch(room);
    Session& session = *room.session;
    if (session.unopened.empty()) {
        unopened_.insert(std::upper_bound(unopened_.begin(), unopened_.end(), &session, by_number), &session);
    }
    session.unopened.insert({room.order, room.handle});
    if (session.current) watch(session, session.generations.at(*session.current));
}

void Machine::leave_unopened(const Room& room) {
    Session& session = *room.session;
    if (session.unopened.erase({room.order, room.handle}) == 0 || !session.unopened.empty()) return;
    unopened_.erase(std::lower_bound(unopened_.begin(), unopened_.end(), &session, by_number));
}

void Machine::on_abort(Handle handle, const std::string& reason, Time now) {
    enter(now);
    if (Room* room = room_at(handle)) fail_room(*room, reason);
    settle();
}

void Machine::on_release(Handle handle, Time now) {
    enter(now);
    Room* room = room_at(handle);
    if (room == nullptr || room->status != Status::Success) return;
    allocator_.free(room->table);
    tables_.give(room->table);
    rooms_.erase(handle);
    settle();
}

void Machine::on_sink(Handle handle, const std::optional<std::string>& refusal, Time now) {
    enter(now);
    Room* room = room_at(handle);
    if (room == nullptr || room->ending()) return;
    if (refusal) {
        fail_room(*room, "sink: " + *refusal);
    } else {
        room->sink_ready = true;
        Attempt* attempt = attempt_of(*room);
        if (attempt != nullptr) start_copies(*room, *attempt);
    }
    settle();
}

/// The length is known, from STATUS or from the aux; later tellings must agree.
void Machine::set_total(Room& room, std::uint64_t total) {
    if (room.total == total || room.ending()) return;
    if (room.total != 0) {
        const Attempt* attempt = attempt_of(room);
        if (attempt != nullptr && certain(room, *attempt)) {
            ++counters_.total_disagreements;
            return;
        }
        return fail_room(room, fmt::format("total changed from {} to {} tokens", room.total, total));
    }
    if (total == 0 || total > kMaxTokens) {
        return fail_room(room, fmt::format("total is {} tokens; permitted: 1 to {}", total, kMaxTokens));
    }
    if (room.sink_total != 0 && room.sink_total != total) {
        return fail_room(room, fmt::format("total changed from {} to {} tokens", room.sink_total, total));
    }
    room.total = total;
    if (!std::exchange(room.learned, true)) guess_.learn(total);
    advance(room.status, RoomEventKind::met);
    unstarted_.erase(room.handle);
    note(room, "announced", 0, {0, total});
    if (!room.sink && layout_.blocks_for(total) > allocator_.blocks()) {
        return fail_room(room, fmt::format("{} tokens need {} blocks; the pool has {}: use a sink or a larger pool",
                                           total, layout_.blocks_for(total), allocator_.blocks()));
    }
    if (room.sink && room.sink_total == 0) {
        room.sink_total = total;
        actions_.push_back(AskSink{room.handle, total});
    }
}

/// The room is lost. Its blocks stay quarantined until the fence; copies that run into the sink end first.
/// May forget the attempt: look it up again.
void Machine::fail_room(Room& room, const std::string& reason) {
    if (room.ending()) return;
    room.reason = reason;
    leave_unopened(room);
    if (Attempt* attempt = attempt_of(room); attempt != nullptr && attempt->mode != OfferMode::aborting) {
        advance(attempt->mode, OfferEvent::failed);
        ++quarantined_;
        attempt->closed_rounds.reset();
        attempt->aborted_unseen = false;
        attempt->abort_deadline = now_ + config_.timing.abort_deadline;
        attempt->backoff.restart(config_.timing);
        for (const Round& round : attempt->rounds) {
            if (!round.complete) allocator_.quarantine(round.blocks);
        }
        if (attempt->dead) {
            fence(*attempt);
        } else {
            repeat(*attempt);
        }
    }
    if (room.copies > 0) {
        room.failing = true;
    } else {
        finish(room, Status::Failed);
    }
    update_wants(room);
}

void Machine::finish(Room& room, Status status) {
    advance(room.status, status == Status::Success ? RoomEventKind::all_complete : RoomEventKind::failed);
    actions_.push_back(Final{room.handle, room.status, room.reason, room.total, room.aux, tables_.copy_of(room.table)});
    reapable_.push_back(room.handle);
}

void Machine::succeed(Room& room, Attempt& attempt) {
    if (!room.sink) {
        room.table = tables_.take();
        for (Round& round : attempt.rounds) {
            room.table.insert(room.table.end(), round.blocks.begin(), round.blocks.end());
            tables_.give(round.blocks);
        }
        const auto used = static_cast<std::ptrdiff_t>(layout_.blocks_for(room.total));
        allocator_.free({room.table.begin() + used, room.table.end()});
        room.table.resize(static_cast<std::size_t>(used));
        attempt.rounds.clear();
    }
    fence(attempt);
    finish(room, Status::Success);
    update_wants(room);
}

/// Rooms that are over and hold nothing more.
void Machine::reap() {
    std::erase_if(reapable_, [this](Handle handle) {
        const Room* room = room_at(handle);
        if (room == nullptr) return true;
        const bool kept = room->status == Status::Success && !room->sink;
        if (kept) return true;  // until on_release()
        if (room->copies > 0 || room->attempt != 0) return false;
        rooms_.erase(handle);
        return true;
    });
}

/// For a deadline's reason: what was awaited, from whom.
std::string Machine::waited_for(const Room& room) const {
    const Session& session = *room.session;
    const std::string peer = fmt::format("{}:{}", session.embedding.ip, session.embedding.port);
    const Attempt* attempt = attempt_of(room);
    if (attempt == nullptr) {
        if (!session.lost.empty()) {
            if (session.current && session.generations.at(*session.current).live()) {
                return fmt::format("an answer to INIT from the embedding worker at {}; the latest try ended with: {}", peer,
                                   session.lost);
            }
            return fmt::format("REGISTERED from the embedding worker at {}; the latest try ended with: {}", peer,
                               session.lost);
        }
        return fmt::format("REGISTERED from the embedding worker at {}; is it running, is the address right, and do both have the other's key, or none?", peer);
    }
    if (room.total == 0) {
        return attempt->heard ? fmt::format("send() of room {} at the embedding worker {}", room.room, peer)
                     : fmt::format("an answer to INIT from the embedding worker at {}", peer);
    }
    if (room.waiting) {
        return fmt::format("memory: {} of {} blocks and {} credits are free", allocator_.free_blocks(),
                           allocator_.blocks(), credits_);
    }
    if (all_here(room, *attempt)) {
        return fmt::format("the final STATUS with its checksums from the embedding worker at {}", peer);
    }
    std::size_t complete = 0;
    for (const Round& round : attempt->rounds) complete += round.complete ? 1 : 0;
    return fmt::format("round {} of {} offered, for {} tokens, from the embedding worker at {}", complete,
                       attempt->rounds.size(), room.total, peer);
}

void Machine::rooms_due() {
    while (const auto due = room_deadlines_.pop_due(now_)) {
        Room* room = room_at(due->key);
        // An entry that an earlier one has replaced is stale.
        if (room == nullptr || room->ending() || room->queued != due->when) continue;
        room->queued = kNever;
        if (const std::string why = overdue(*room); !why.empty()) {
            fail_room(*room, why);
        } else {
            watch(*room);
        }
    }
}

void Machine::watch(Room& room) {
    const Time registered = room.attempt != 0 ? kNever : room.register_deadline;
    const Time due = std::min({room.deadline, registered, room.memory_deadline});
    if (due >= room.queued) return;
    room.queued = due;
    room_deadlines_.add(due, room.handle, [this](Time when, Handle handle) {
        const Room* one = room_at(handle);
        return one != nullptr && !one->ending() && one->queued == when;
    });
}

/// Why a room fails now, or "".
std::string Machine::overdue(const Room& room) const {
    if (room.deadline <= now_) {
        return fmt::format("deadline of {} ms: waited for {}", milliseconds(room.deadline - room.started), waited_for(room));
    }
    if (room.attempt == 0 && room.register_deadline <= now_) {
        return fmt::format("waited {} ms for {}", milliseconds(config_.timing.register_deadline), waited_for(room));
    }
    if (room.memory_deadline <= now_) {
        return fmt::format("waited {} ms for {}", milliseconds(config_.timing.memory_deadline), waited_for(room));
    }
    return "";
}

void Machine::set_answer(Room& room, SenderAnswer answer) {
    if (answer == SenderAnswer::none || answer == room.answer) return;
    room.answer = answer;
    actions_.push_back(Answered{room.handle, answer});
}

}  // namespace remit::protocol::language
