// From completions back to units, rounds and attempts.

#include "worker/embedding/send_queue.hpp"

#include "base/log.hpp"
#include "worker/clock.hpp"
#include "worker/tracing.hpp"

#include <remit/error.hpp>

#include <array>
#include <utility>

namespace remit::worker::embedding {

bool SendQueue::complete_all() {
    bool moved = false;
    std::array<fabric::Completion, 32> batch;
    for (auto& [key, link] : links_) {
        // Each look at a queue costs the device's memory a read, and idle sessions are many.
        while (link->in_flight()) {
            const std::size_t count = poll(*link, batch);
            for (std::size_t i = 0; i < count; ++i) complete(*link, batch[i]);
            moved |= count > 0;
            if (count < batch.size()) break;
        }
    }
    return moved;
}

/// A queue that is broken takes its generation with it, and no other.
std::size_t SendQueue::poll(Link& link, std::span<fabric::Completion> batch) {
    try {
        return link.completions().poll(batch);
    } catch (const Error& error) {
        fail_link(link, error.what());
        return 0;
    }
}

void SendQueue::complete(Link& link, const fabric::Completion& completion) {
    Lane* lane = link.lane_of(completion.queue_pair);
    if (!completion.ok) {
        const std::string where = lane != nullptr && fabric_.rails() > 1 ? " on " + fabric_.device_on(lane->rail) : "";
        return fail_link(link, fabric::status_text(completion) + where);
    }
    if (lane == nullptr || completion.id < lane->first_sequence || completion.id >= lane->next_sequence()) {
        log().error("completion {} of queue pair {} belongs to no request in flight", completion.id,
                    completion.queue_pair);
        return;
    }
    // A signalled completion covers the unsignalled requests before it.
    while (lane->first_sequence <= completion.id) {
        const Posted posted = lane->in_flight.front();
        lane->in_flight.pop();
        ++lane->first_sequence;
        if (posted.marker) continue;
        Unit& unit = units_[posted.unit];
        // A cancelled unit that still waits is finished where it is dropped from its lane.
        if (--unit.in_flight == 0 && finished_posting(unit)) finish_unit(posted.unit, !unit.truncated);
    }
}

/// The unit is over: its send region is free; `success`: all of it is at the peer.
void SendQueue::finish_unit(UnitId id, bool success) {
    const Unit unit = units_[id];
    Work& work = *unit.work;
    if (settings_.recorder != nullptr) trace_unit(id, unit, success);
    free_units_.push_back(id);
    if (unit.region >= 0) regions_.give(static_cast<std::uint32_t>(unit.region));
    if (unit.counted && work.link != nullptr) --work.link->staged;
    if (unit.flying) {
        clock_.completed(work.flow, unit.finish, unit.bytes);
        if (work.link != nullptr) work.link->lanes()[unit.lane].flying -= unit.bytes;
    }
    --work.units;
    if (success) {
        events_.push_back({SendEvent::Kind::progress, work.key, 0, 0, {}});
        if (unit.part != nullptr) unit_written(work, *unit.part);
    }
    check_idle(work);
}

void SendQueue::trace_unit(UnitId id, const Unit& unit, bool success) const {
    trace::Chunk chunk = traced_[id];
    chunk.completed = trace::now();
    chunk.of = traced(unit.work->key);
    chunk.lane = unit.lane;
    chunk.region = static_cast<std::int32_t>(unit.region);
    chunk.shared = unit.shared;
    chunk.success = success;
    chunk.bytes = unit.bytes;
    settings_.recorder->add(chunk);
}

void SendQueue::unit_written(Work& work, Part& part) {
    if (++part.done < part.units) return;
    Round& round = *part.round;
    spare_parts_.give(work.parts, part);
    if (--round.parts > 0 || round.planned < round.range.end()) return;
    work.source->rounds.fetch_add(1, std::memory_order_relaxed);
    work.source->bytes.fetch_add(round.payload, std::memory_order_relaxed);
    count_written(round);
    events_.push_back({SendEvent::Kind::round_written, work.key, round.number, 0, {}});
    spare_rounds_.give(work.rounds, round);
}

void SendQueue::count_written(const Round& round) noexcept {
    flow_.rounds.add();
    if (round.number > 0) flow_.resumes.add();
    flow_.bytes.add(round.payload);
    flow_.round.observe(steady_now() - round.started);
}

void SendQueue::drop_unstaged(Work& work) {
    work.unstaged.clear();
    work.unplanned.clear();
}

/// Says once that nothing of the attempt is queued or in flight; forgets it where that was asked for.
void SendQueue::check_idle(Work& work) {
    if (work.units > 0 || !work.unstaged.empty()) return;
    clock_.leave(work.flow);
    if (!work.unplanned.empty()) return;  // it waits for more of its source
    if (std::exchange(work.busy, false)) events_.push_back({SendEvent::Kind::idle, work.key, 0, 0, {}});
    if (!work.forgotten || work.queued) return;  // a queued one goes when its turn comes
    const protocol::AttemptKey key = work.key;   // outlives the work
    forget_work(key);
}

void SendQueue::fail_link(Link& link, std::string reason) {
    if (std::exchange(link.failed, true)) return;  // what follows is flushed work
    events_.push_back(
        {SendEvent::Kind::link_failed, {link.key().session, link.key().generation, 0}, 0, 0, std::move(reason)});
}

}  // namespace remit::worker::embedding
