#include "worker/language/tally.hpp"

#include "worker/tally/worker_tally.hpp"

#include <algorithm>

namespace remit::worker::language {

using protocol::Time;

void Tally::note(RoomTimes& room, const protocol::language::Note& note, Time now) noexcept {
    rooms_.move(room.status, note.status);
    if (!is_final(note.status)) room.status = note.status;
    if (note.what == "INIT") {
        if (room.asked == protocol::kNever) room.asked = now;
    } else if (note.what == "announced") {
        if (!room.announced) announced_.observe(now - room.asked);
        room.announced = true;
    } else if (note.what == "RESUME") {
        if (note.waited > Time::zero()) memory_wait_.observe(note.waited);
    } else if (note.what == "round complete") {
        round_complete(room, note, now);
    } else if (note.what == "given back") {
        given_back_.add();
    }
}

void Tally::round_complete(RoomTimes& room, const protocol::language::Note& note, Time now) noexcept {
    rounds_.add();
    if (note.round > 0) resumes_.add();
    tokens_.add(note.range.count);
    // The aux comes with the first round.
    bytes_.add(layout_.payload_bytes(note.range.count) - (note.round > 0 ? layout_.payload_bytes(0) : 0));
    round_.observe(note.waited);
    if (!room.arrived) first_round_.observe(now - room.asked);
    room.arrived = true;
}

void Tally::end(const RoomTimes& room, Status how, std::string_view reason, Time now) noexcept {
    rooms_.end(room.status, how, reason);
    if (how == Status::Success) room_.observe(now - room.asked);
}

void Tally::publish(const protocol::language::Machine& machine, const pool::BlockAllocator& pool,
                    std::uint64_t unknown_queue_pairs, Mailbox& mailbox) noexcept {
    const protocol::language::Counters& counted = machine.counters();
    blocks_.set(pool.blocks());
    free_.set(pool.free_blocks());
    quarantined_blocks_.set(pool.quarantined_blocks());
    quarantined_rooms_.set(machine.quarantined());
    waiting_.set(machine.waiting_for_memory());
    credits_.set(machine.free_credits());
    guess_.set(machine.guessed_tokens());
    unknown_immediates_.set(counted.unknown_immediates + unknown_queue_pairs);
    stale_answers_.set(counted.stale_answers);
    disagreements_.set(counted.total_disagreements);
    mismatches_.set(counted.checksum_mismatches);
    repeated_offers_.set(counted.repeated_offers);
    repeated_aborts_.set(counted.repeated_aborts);
    repeated_registers_.set(counted.repeated_registers);
    repeated_closes_.set(counted.repeated_closes);
    sessions_.know(machine.sessions());
    messages_.publish(mailbox);
}

void Tally::collect(metrics::Collector& collector) const {
    rooms_.collect(collector);
    collect_rounds(collector);
    collect_memory(collector);
    sessions_.collect(collector);
    messages_.collect(collector);
    collect_oddities(collector);
}

void Tally::collect_rounds(metrics::Collector& collector) const {
    collector.histogram("remit_room_announced_seconds", "From a room's first INIT until its length was known.", announced_);
    collector.histogram("remit_room_first_round_seconds", "From a room's first INIT until its first round was here.",
                        first_round_);
    collect_moved(collector, {room_, round_, rounds_, resumes_, bytes_});
    collector.histogram("remit_copy_out_seconds", "A round's copy from its blocks into the sink.", copy_out_);
    collector.counter("remit_tokens_total", "Tokens arrived.", tokens_.value());
    collector.counter("remit_rooms_given_back_total",
                      "Times that a room gave its blocks back before it had started, for rooms that waited for memory.",
                      given_back_.value());
}

void Tally::collect_memory(metrics::Collector& collector) const {
    // What is read one after the other need not fit together.
    const std::uint64_t free = free_.value();
    const std::uint64_t quarantined = quarantined_blocks_.value();
    const std::uint64_t idle = std::min(blocks_.value(), free + quarantined);
    collect_pool(collector, free, blocks_.value() - idle, quarantined);
    collector.gauge("remit_rooms_quarantined", "Failed rooms whose blocks may still be written into.",
                    quarantined_rooms_.value());
    collector.gauge("remit_rooms_waiting_for_memory", "Rooms of known length that wait for blocks or credits.",
                    waiting_.value());
    collector.histogram("remit_memory_wait_seconds",
                        "Waits of a room for blocks or credits that it did not get at once, of those that it got.",
                        memory_wait_);
    collector.gauge("remit_credits_free", "Receives for immediates that no round has.", credits_.value());
    collector.gauge("remit_guess_tokens", "What kAutoTokens stands for, before the share of free blocks.", guess_.value());
}

void Tally::collect_oddities(metrics::Collector& collector) const {
    const char* const repeats = "Control messages told again because no answer had come.";
    collector.counter("remit_repeats_total", repeats, repeated_offers_.value(), {{"message", "offer"}});
    collector.counter("remit_repeats_total", repeats, repeated_aborts_.value(), {{"message", "abort"}});
    collector.counter("remit_repeats_total", repeats, repeated_registers_.value(), {{"message", "register"}});
    collector.counter("remit_repeats_total", repeats, repeated_closes_.value(), {{"message", "close"}});
    collector.counter("remit_checksum_mismatches_total", "Rooms whose bytes were not those that were sent.",
                      mismatches_.value());
    collector.counter("remit_stale_answers_total", "Answers of an earlier life of a peer, or to what is no more.",
                      stale_answers_.value());
    collector.counter("remit_unknown_immediates_total", "Immediates of no round that is expected.",
                      unknown_immediates_.value());
    collector.counter("remit_length_disagreements_total",
                      "Lengths told after all was here that were not the request's.", disagreements_.value());
}

}  // namespace remit::worker::language
