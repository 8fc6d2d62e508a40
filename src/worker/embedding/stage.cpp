// From rounds to units: what may be read is planned; chunks of all attempts take turns, are gathered, and join their lane.

#include "worker/embedding/send_queue.hpp"

#include "base/checked.hpp"
#include "worker/clock.hpp"
#include "base/nvtx_range.hpp"

#include <algorithm>
#include <utility>

namespace remit::worker::embedding {
namespace {

// How often the streams that fill sources are asked.
constexpr std::chrono::microseconds kLookPeriod{50};

// A round is striped over its queue pairs in chunks no smaller than this.
constexpr std::uint64_t kSmallestStripe = 64u << 10;

/// The chunk that a part's next unit carries; nothing for an immediate alone.
const plan::Chunk* next_chunk(const Part& part) {
    return part.next_unit < part.plan.chunks.size() ? &part.plan.chunks[part.next_unit] : nullptr;
}

}  // namespace

/// Where nothing planned waits any more: the next part of the oldest round that lacks one, as far as it may be read. What
/// becomes ready meanwhile goes together.
void SendQueue::plan_more(Work& work) {
    if (!work.unstaged.empty() || work.unplanned.empty() || work.cancelled) return;
    Round& round = *work.unplanned.front();
    if (std::min(work.ready, round.range.end()) <= round.planned) return;
    auto part = spare_parts_.take();
    if (!plan_part(work, round, *part)) return work.unplanned.clear();
    if (part->last) work.unplanned.pop();
    ++round.parts;
    round.payload += part->plan.payload;
    work.unstaged.push(part.get());
    work.parts.push_back(std::move(part));
}

bool SendQueue::plan_part(Work& work, Round& round, Part& part) {
    if (const std::string failure = copies_.failure(); !failure.empty()) {
        fail_copies(failure);
        return false;
    }
    const auto lanes = static_cast<std::uint32_t>(work.link->lanes().size());
    const std::uint64_t end = std::min(work.ready, round.range.end());
    const plan::TokenRange range{round.planned, end - round.planned};
    plan::RoundSettings settings = settings_.plan;
    settings.max_write = std::min(settings.max_write, work.link->max_message());
    const std::uint64_t share = ceil_div(layout_.payload_bytes(range.count), lanes);
    settings.chunk_bytes = std::min(settings.chunk_bytes, std::max(kSmallestStripe, align_up(share, 4096)));
    work.source->adopted.recheck(work.source->map);
    const SendSource& source = *work.source;
    const auto planned = plan::plan_round({layout_,
                                           {source.map, source.table, 0},
                                           {work.link->peer_pool(), round.blocks, round.range.first},
                                           range,
                                           range.first == 0 ? reinterpret_cast<std::uintptr_t>(source.aux.data()) : 0,
                                           range != round.range},
                                          settings, part.plan);
    if (!planned) {
        events_.push_back(
            {SendEvent::Kind::send_failed, work.key, round.number, round.send, "plan: " + planned.error()});
        return false;
    }
    round.planned = end;
    part.round = &round;
    part.next_unit = part.done = 0;
    part.last = end == round.range.end();
    part.units = static_cast<std::uint32_t>(part.plan.chunks.size());
    if (part.last) part.units = std::max(part.units, lanes);
    return true;
}

void SendQueue::take_turn(Work& work) {
    plan_more(work);
    if (work.queued || work.unstaged.empty() || !is_filled(work)) return;
    work.queued = true;
    clock_.join(work.flow);
    const plan::Chunk* chunk = next_chunk(*work.unstaged.front());
    work.link->turns.push(clock_.finish_of(work.flow, chunk != nullptr ? chunk->bytes : 0), &work);
}

/// Whether the stream that fills the source has come past it. It is asked from here and not waited for on the device:
/// a stream that takes long would hold up every gather behind it, and no NIC that reads in place waits for a stream.
bool SendQueue::is_filled(Work& work) {
    auto& filled = work.source->filled;
    if (filled == nullptr) return true;
    if (!filled->passed()) {
        if (!std::exchange(work.unready, true)) unready_.push_back(work.key);
        return false;
    }
    const std::string failure = filled->failure();
    if (!failure.empty()) {
        events_.push_back(
            {SendEvent::Kind::send_failed, work.key, 0, work.send, "the stream that fills the source: " + failure});
        return false;
    }
    filled.reset();
    return true;
}

/// Attempts whose source has been filled meanwhile take their turn.
bool SendQueue::take_filled() {
    if (unready_.empty() || std::chrono::steady_clock::now() < next_look_) return false;
    next_look_ = std::chrono::steady_clock::now() + kLookPeriod;
    std::vector<protocol::AttemptKey> asked;
    std::swap(asked, unready_);
    bool moved = false;
    for (const protocol::AttemptKey& key : asked) {
        Work* work = work_at(key);
        if (work == nullptr) continue;
        work->unready = false;
        take_turn(*work);
        moved |= !work->unready;
    }
    return moved;
}

bool SendQueue::stage() {
    bool moved = false;
    while (Link* link = next_link()) {
        Work& work = *link->turns.front();
        link->turns.pop();
        work.queued = false;
        if (work.unstaged.empty()) {  // cancelled meanwhile
            check_idle(work);
            continue;
        }
        stage_next(work);
        take_turn(work);
        moved = true;
    }
    return moved;
}

/// The link whose next attempt is first of all.
Link* SendQueue::next_link() {
    Link* next = nullptr;
    for (auto& [key, link] : links_) {
        if (link->turns.empty() || !may_stage(*link)) continue;
        if (next == nullptr || link->turns.finish() < next->turns.finish()) next = link.get();
    }
    return next;
}

/// One peer that takes nothing must not hold all the send regions: with several links each has half of them at most.
bool SendQueue::may_stage(Link& link) {
    const std::uint32_t share = links_.size() > 1 ? std::max(1u, settings_.send_regions / 2) : settings_.send_regions;
    if (link.staged >= share) return false;
    const Work& work = *link.turns.front();
    const plan::Chunk* chunk = work.unstaged.empty() ? nullptr : next_chunk(*work.unstaged.front());
    if (chunk == nullptr || chunk->region_bytes == 0 || !regions_.empty()) return true;
    return regions_.find(work.shared_send, copies_of(*work.unstaged.front(), *chunk)).has_value();
}

/// Stages the next unit of the attempt's oldest round.
void SendQueue::stage_next(Work& work) {
    Part& part = *work.unstaged.front();
    const auto lanes = static_cast<std::uint32_t>(work.link->lanes().size());
    const plan::Chunk* chunk = next_chunk(part);
    const UnitId id = new_unit(work, &part, part.round->next_lane++ % lanes);
    Unit& unit = units_[id];
    // The last unit of the round on its lane; lanes that no chunk reaches get an immediate alone.
    unit.immediate = part.last && part.next_unit + lanes >= part.units;
    if (settings_.recorder != nullptr) {
        trace::Chunk& traced = traced_[id];
        traced.staged = trace::now();
        traced.round = part.round->number;
        traced.number = part.next_unit;
        traced.rail = work.link->lanes()[unit.lane].rail;
    }
    if (chunk != nullptr) {
        unit.next_write = chunk->first_write;
        unit.end_write = chunk->first_write + chunk->writes;
        unit.bytes = chunk->bytes;
        unit.counted = true;
        ++work.link->staged;
        if (chunk->region_bytes > 0) gather(unit, *chunk);
    }
    unit.finish = clock_.charge(work.flow, unit.bytes);
    gathering_.push(id);
    if (++part.next_unit == part.units) work.unstaged.pop();
}

std::span<memory::Copy> SendQueue::copies_of(Part& part, const plan::Chunk& chunk) {
    return std::span(part.plan.copies).subspan(chunk.first_copy, chunk.copies);
}

/// One gather feeds all attempts of a send that want the same bytes while a region holds them: a rank that has fallen
/// behind by more, which its half of the ring sees to, is gathered for on its own.
void SendQueue::gather(Unit& unit, const plan::Chunk& chunk) {
    const std::span<memory::Copy> copies = copies_of(*unit.part, chunk);
    const std::uint64_t send = unit.work->shared_send;
    if (const auto found = regions_.find(send, copies)) {
        regions_.share(found->index);
        unit.region = found->index;
        unit.ticket = found->ticket;
        unit.shared = true;
        return;
    }
    const NvtxRange range("gather");
    const std::uint32_t region = regions_.take();
    unit.region = region;
    unit.gathered_since = steady_now();
    {
        const RegionRing::LentAux aux(regions_, region, copies, unit.work->source->aux);
        unit.ticket = copies_.submit(copies, regions_.copy_address(region));
    }
    unit.work->source->gathered.fetch_add(chunk.region_bytes, std::memory_order_relaxed);
    flow_.gathered.add(chunk.region_bytes);
    if (send != 0) regions_.remember(region, send, copies, unit.ticket);
}

UnitId SendQueue::new_unit(Work& work, Part* part, std::uint32_t lane) {
    UnitId id = 0;
    if (free_units_.empty()) {
        id = static_cast<UnitId>(units_.size());
        units_.emplace_back();
    } else {
        id = free_units_.back();
        free_units_.pop_back();
    }
    units_[id] = Unit{};
    if (settings_.recorder != nullptr) {
        traced_.resize(units_.size());
        traced_[id] = {};
    }
    units_[id].work = &work;
    units_[id].part = part;
    units_[id].lane = lane;
    ++work.units;
    return id;
}

/// Gathered units join their lane.
bool SendQueue::collect_gathered() {
    bool moved = false;
    while (!gathering_.empty()) {
        const UnitId id = gathering_.front();
        Unit& unit = units_[id];
        if (unit.region >= 0 && !copies_.done(unit.ticket)) break;
        if (const std::string failure = copies_.failure(); !failure.empty()) fail_copies(failure);
        gathering_.pop();
        if (unit.gathered_since != protocol::kNever) flow_.gathering.observe(steady_now() - unit.gathered_since);
        moved = true;
        if (settings_.recorder != nullptr && unit.region >= 0) traced_[id].gathered = trace::now();
        if (unit.work->link == nullptr || (unit.work->cancelled && !unit.closing)) {
            finish_unit(id, false);
        } else {
            wait_in_lane(id);
        }
    }
    return moved;
}

/// What was gathered last may not have been, and nothing will be: whatever is not on its way yet fails.
void SendQueue::fail_copies(const std::string& reason) {
    for (auto& [key, work] : works_) {
        if (!work->busy || work->cancelled) continue;
        work->cancelled = true;
        drop_unstaged(*work);
        events_.push_back({SendEvent::Kind::send_failed, key, 0, work->send, "gather: " + reason});
    }
}

/// Before those that would finish later. An attempt's own units keep their order: each finishes no sooner than the last.
/// Not before one of which a part is posted: its bytes count as on the wire until the rest is, and might leave no room for
/// any that came before the rest.
void SendQueue::wait_in_lane(UnitId id) {
    Fifo<UnitId>& waiting = units_[id].work->link->lanes()[units_[id].lane].waiting;
    waiting.push(id);
    for (std::size_t i = waiting.size() - 1; i > 0; --i) {
        const Unit& before = units_[waiting[i - 1]];
        if (before.flying || before.finish <= units_[id].finish) return;
        std::swap(waiting[i - 1], waiting[i]);
    }
}

}  // namespace remit::worker::embedding
