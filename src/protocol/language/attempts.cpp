// Attempts: offers of rounds, the immediates that complete them, and the fence that ends them.

#include "protocol/language/machine.hpp"

#include "base/checked.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::language {

/// What the user expects, or a guess, which leaves no part of a block unused.
std::uint64_t Machine::expected_tokens(const Room& room) const {
    if (room.expected) return *room.expected;
    return guess_.blocks(allocator_.free_blocks(), layout_.block_size()) * layout_.block_size();
}

void Machine::open_attempt(Session& session, Room& room, Generation& generation) {
    const std::uint64_t number = ++session.top_attempt;
    Attempt& attempt = session.attempts[number];
    attempt.id = {session.id, generation.number, number, generation.incarnation};
    attempt.handle = room.handle;
    if (config_.checksum) attempt.checks = std::make_unique<Checks>();
    attempt.immediates.assign(generation.queue_pairs, 0);
    room.attempt = number;
    if (room.owns_deadline) attempt.init_deadline = now_ + config_.timing.init_deadline;
    leave_unopened(room);
    const std::uint64_t expected = expected_tokens(room);
    const std::uint64_t wanted = ceil_div(expected, layout_.block_size());
    const auto blocks = static_cast<std::uint32_t>(std::min<std::uint64_t>({wanted, allocator_.free_blocks(), kMaxBlocksOfMessage}));
    // Rooms that wait for memory come first: one that has only a guess asks for the announcement then.
    if (!room.size_first && waiting_.empty() && blocks > 0 && credits_ >= generation.queue_pairs) {
        credits_ -= generation.queue_pairs;
        attempt.holds_credit = true;
        const std::uint64_t whole = std::uint64_t{blocks} * layout_.block_size();
        add_round(attempt, blocks, room.sink ? std::min(whole, expected) : whole, false);
        attempt.init_tokens = attempt.rounds[0].capacity;
        unstarted_.insert(room.handle);
    }
    note(room, "INIT", 0, {0, attempt.init_tokens}, attempt.init_tokens > 0 ? blocks : 0);
    repeat(attempt);
}

void Machine::add_round(Attempt& attempt, std::uint32_t blocks, std::uint64_t capacity, bool extra) {
    Round round;
    round.first = attempt.offered();
    round.capacity = capacity;
    round.offered = now_;
    round.extra_credit = extra;
    round.blocks = tables_.take();
    const Room& room = *room_at(attempt.handle);
    if (!allocator_.allocate(blocks, room.room, round.blocks)) {
        throw Error(ErrorKind::internal, fmt::format("{} blocks wanted, {} free", blocks, allocator_.free_blocks()));
    }
    attempt.rounds.push_back(std::move(round));
}

void Machine::on_immediate(const GenerationKey& key, std::uint32_t queue_pair, std::uint32_t immediate, Time now) {
    enter(now);
    Session* session = session_by_id(key.session);
    Generation* generation = generation_at(key);
    Attempt* attempt = nullptr;
    if (session != nullptr) attempt = attempt_at({key.session, key.generation, session->attempt_of(immediate)});
    if (attempt == nullptr || generation == nullptr || queue_pair >= queue_pairs_of(*attempt)) {
        ++counters_.unknown_immediates;
        return;
    }
    generation->heard = now_;
    attempt->init_deadline = kNever;
    if (attempt->immediates[queue_pair] >= attempt->rounds.size()) {
        lose_generation(*session, *generation, "peer sent more immediates than it was given credits for", true);
        return settle();
    }
    ++attempt->immediates[queue_pair];
    unstarted_.erase(attempt->handle);
    touch(*attempt);
    settle();
}

/// What MakeVisible is told of a round's blocks: nothing where they are moved out anyway.
BlockTable Machine::kept_blocks(const Attempt& attempt, const Round& round) {
    return room_at(attempt.handle)->sink ? BlockTable{} : tables_.copy_of(round.blocks);
}

/// What INIT offers; it is repeated as it was.
BlockTable Machine::init_blocks(const Attempt& attempt) {
    return attempt.init_tokens > 0 ? tables_.copy_of(attempt.rounds[0].blocks) : BlockTable{};
}

/// Rounds whose last immediate is in. The j-th immediate of an attempt on a queue pair belongs to its round j.
void Machine::progress(Attempt& attempt) {
    if (attempt.mode == OfferMode::aborting) return;
    const std::uint32_t seen = attempt.least_immediates();
    for (std::uint32_t k = 0; k < attempt.rounds.size() && k < seen; ++k) {
        Round& round = attempt.rounds[k];
        if (round.arrived) continue;
        round.arrived = true;
        attempt.round_deadline = kNever;
        // Where a yield was asked for, a write had been posted before it arrived: the transfer goes on.
        advance(attempt.mode, OfferEvent::round_complete);
        attempt.closed_rounds.reset();
        attempt.aborted_unseen = false;
        if (attempt.next_repeat == kNever) {
            attempt.next_repeat = attempt.backoff.after(now_, config_.timing);
            watch(attempt);
        }
        ++attempt.pending_visible;
        actions_.push_back(MakeVisible{attempt.key(), k, k == 0, round.blocks[0], kept_blocks(attempt, round)});
    }
}

void Machine::on_visible(const AttemptKey& key, std::uint32_t number, const Aux& aux, Time now) {
    enter(now);
    Attempt* attempt = attempt_at(key);
    if (attempt == nullptr || number >= attempt->rounds.size() || attempt->pending_visible == 0) return;
    --attempt->pending_visible;
    Room& room = *room_at(attempt->handle);
    if (attempt->mode != OfferMode::aborting && room.attempt == key.attempt) {
        if (number == 0) {
            room.aux = aux;
            if (aux[0] <= 0) {
                fail_room(room, fmt::format("aux[0], the length of the request, is {}", aux[0]));
            } else {
                set_total(room, static_cast<std::uint64_t>(aux[0]));
            }
        }
        attempt = attempt_at(key);
        if (attempt != nullptr && attempt->mode != OfferMode::aborting && !room.ending()) {
            complete_round(room, *attempt, number);
        }
    }
    attempt = attempt_at(key);
    if (attempt != nullptr && attempt->pending_visible == 0 && attempt->judgement) {
        if (attempt->dead) {
            judge_dead(*attempt);
        } else if (!certain(room, *attempt) && attempt->mode != OfferMode::aborting) {
            fail_room(room, *attempt->judgement);
        }
    }
    settle();
}

void Machine::complete_round(Room& room, Attempt& attempt, std::uint32_t number) {
    Round& round = attempt.rounds[number];
    round.complete = true;
    prosper(*session_by_id(attempt.id.session));
    const std::uint64_t end = std::min(round.first + round.capacity, room.total);
    if (end < room.total) advance(room.status, RoomEventKind::round_complete);
    note(room, "round complete", number, {round.first, end - round.first},
         static_cast<std::uint32_t>(round.blocks.size()), now_ - round.offered);
    if (round.extra_credit) {
        credits_ += queue_pairs_of(attempt);
        round.extra_credit = false;
    }
    if (room.sink) {
        start_copies(room, attempt);
    } else {
        round.copied = true;
        start_checks(room, attempt);
    }
    touch(attempt);
}

/// Moves complete rounds out into the sink once its tensors are known.
void Machine::start_copies(Room& room, Attempt& attempt) {
    if (!room.sink || !room.sink_ready) return;
    for (std::uint32_t k = 0; k < attempt.rounds.size(); ++k) {
        Round& round = attempt.rounds[k];
        if (!round.complete || round.copying) continue;
        round.copying = true;
        ++room.copies;
        const std::uint64_t end = std::min(round.first + round.capacity, room.total);
        actions_.push_back(CopyOut{attempt.key(), room.handle, k, {round.first, end - round.first},
                                   tables_.copy_of(round.blocks), room.aux});
    }
}

void Machine::on_copied(const CopyOut& copy, Time now) {
    enter(now);
    allocator_.free(copy.blocks);
    Room& room = *room_at(copy.handle);
    --room.copies;
    note(room, "copied out", copy.round, copy.range, static_cast<std::uint32_t>(copy.blocks.size()));
    if (Attempt* attempt = attempt_at(copy.key)) {
        attempt->rounds[copy.round].copied = true;
        start_checks(room, *attempt);
        touch(*attempt);
    }
    if (room.failing && room.copies == 0) finish(room, Status::Failed);
    settle();
}

bool Machine::all_here(const Room& room, const Attempt& attempt) const {
    if (room.total == 0 || attempt.rounds.empty() || attempt.offered() < room.total) return false;
    return std::all_of(attempt.rounds.begin(), attempt.rounds.end(), [](const Round& r) { return r.complete; });
}

/// What has become of an attempt: success, a fence passed, or blocks wanted. May forget it.
void Machine::examine(Attempt& attempt) {
    progress(attempt);
    Room& room = *room_at(attempt.handle);
    const bool current = room.attempt == attempt.id.attempt;
    const bool all_copied =
        std::all_of(attempt.rounds.begin(), attempt.rounds.end(), [](const Round& r) { return r.copied; });
    if (current && attempt.mode == OfferMode::running && !room.ending()) {
        if (attempt.checks) compare(room, attempt);
        // A difference has failed the room, which may have forgotten the attempt.
        if (room.ending()) return update_wants(room);
        if (certain(room, attempt) && all_copied) return succeed(room, attempt);
    }
    watch_round(attempt);
    if (attempt.closed_rounds && attempt.mode != OfferMode::running &&
        attempt.least_immediates() >= *attempt.closed_rounds) {
        const bool yielded = attempt.mode == OfferMode::yielding;
        const bool unseen = attempt.aborted_unseen;
        fence(attempt);
        if (yielded && current && !room.ending()) {
            await_registered(room);
            restart(room, true);
            if (unseen) put_off(*room.session, "ABORTED in answer to INIT");
        }
        return update_wants(room);
    }
    update_wants(room);
}

/// Nothing of this attempt can land any more: its blocks and credits go back, and it is forgotten.
void Machine::fence(Attempt& attempt) {
    const AttemptKey key = attempt.key();
    for (Round& round : attempt.rounds) {
        if (!round.copying) allocator_.free(round.blocks);  // a copy that runs gives its blocks back itself
        if (round.extra_credit) credits_ += queue_pairs_of(attempt);
        tables_.give(round.blocks);
    }
    if (attempt.holds_credit) credits_ += queue_pairs_of(attempt);
    Room* room = room_at(attempt.handle);
    if (room != nullptr && room->attempt == key.attempt) {
        room->attempt = 0;
        unstarted_.erase(room->handle);
    }
    if (attempt.mode == OfferMode::aborting) --quarantined_;
    session_by_id(key.session)->attempts.erase(key.attempt);
}

/// The room goes on under a new attempt.
void Machine::restart(Room& room, bool size_first) {
    advance(room.status, RoomEventKind::restarted);
    room.total = 0;
    room.size_first = size_first;
    enter_unopened(room);
    note(room, "given back");
}

}  // namespace remit::protocol::language
