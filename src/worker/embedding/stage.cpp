// From a planned round to units: chunks of all attempts take turns, are gathered, and join their lane.

#include "worker/embedding/send_queue.hpp"

#include "base/checked.hpp"

#include <algorithm>
#include <utility>

namespace remit::worker::embedding {
namespace {

// A round is striped over its queue pairs in chunks no smaller than this.
constexpr std::uint64_t kSmallestStripe = 64u << 10;

/// The chunk that a round's next unit carries; nothing for an immediate alone.
const plan::Chunk* next_chunk(const Round& round) {
    return round.next_unit < round.plan.chunks.size() ? &round.plan.chunks[round.next_unit] : nullptr;
}

}  // namespace

void SendQueue::plan_round(Work& work, const protocol::embedding::StartRound& request) {
    const auto lanes = static_cast<std::uint32_t>(work.link->lanes().size());
    plan::RoundSettings settings = settings_.plan;
    settings.max_write = std::min(settings.max_write, work.link->max_message());
    const std::uint64_t share = ceil_div(layout_.payload_bytes(request.range.count), lanes);
    settings.chunk_bytes = std::min(settings.chunk_bytes, std::max(kSmallestStripe, align_up(share, 4096)));
    const SendSource& source = *work.source;
    const bool first = request.range.first == 0;
    auto round = std::make_unique<Round>();
    round->number = request.round;
    const auto planned = plan::plan_round({layout_,
                                           {source.map, source.table, 0},
                                           {work.link->peer_pool(), request.blocks, request.range.first},
                                           request.range,
                                           first ? reinterpret_cast<std::uintptr_t>(source.aux.data()) : 0},
                                          settings, round->plan);
    if (!planned) {
        events_.push_back({SendEvent::Kind::plan_failed, work.key, request.round, request.send, planned.error()});
        return;
    }
    const auto chunks = static_cast<std::uint32_t>(round->plan.chunks.size());
    round->first_lane = static_cast<std::uint32_t>((request.key.attempt + request.round) % lanes);
    round->units = std::max(chunks, lanes);
    if (work.rounds.size() <= round->number) work.rounds.resize(round->number + 1);
    work.unstaged.push(round.get());
    work.rounds[round->number] = std::move(round);
    take_turn(work);
}

void SendQueue::take_turn(Work& work) {
    if (work.queued || work.unstaged.empty()) return;
    work.queued = true;
    clock_.join(work.flow);
    const plan::Chunk* chunk = next_chunk(*work.unstaged.front());
    work.link->turns.push(clock_.finish_of(work.flow, chunk != nullptr ? chunk->bytes : 0), &work);
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
    return chunk == nullptr || chunk->region_bytes == 0 || !regions_.empty();
}

/// Stages the next unit of the attempt's oldest round.
void SendQueue::stage_next(Work& work) {
    Round& round = *work.unstaged.front();
    const auto lanes = static_cast<std::uint32_t>(work.link->lanes().size());
    const std::uint32_t index = round.next_unit;
    const plan::Chunk* chunk = next_chunk(round);
    const UnitId id = new_unit(work, &round, (round.first_lane + index) % lanes);
    Unit& unit = units_[id];
    // The last unit of the round on its lane; lanes that no chunk reaches get an immediate alone.
    unit.immediate = index + lanes >= round.units;
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
    if (++round.next_unit == round.units) work.unstaged.pop();
}

void SendQueue::gather(Unit& unit, const plan::Chunk& chunk) {
    const std::uint32_t region = regions_.take();
    unit.region = region;
    const std::span<const memory::Copy> copies(unit.round->plan.copies);
    unit.ticket = copies_.submit(copies.subspan(chunk.first_copy, chunk.copies), regions_.address(region));
}

UnitId SendQueue::new_unit(Work& work, Round* round, std::uint32_t lane) {
    UnitId id = 0;
    if (free_units_.empty()) {
        id = static_cast<UnitId>(units_.size());
        units_.emplace_back();
    } else {
        id = free_units_.back();
        free_units_.pop_back();
    }
    units_[id] = Unit{};
    units_[id].work = &work;
    units_[id].round = round;
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
        gathering_.pop();
        moved = true;
        if (unit.work->link == nullptr || (unit.work->cancelled && !unit.closing)) {
            finish_unit(id, false);
        } else {
            wait_in_lane(id);
        }
    }
    return moved;
}

/// Before those that would finish later. An attempt's own units keep their order: each finishes no sooner than the last.
void SendQueue::wait_in_lane(UnitId id) {
    Fifo<UnitId>& waiting = units_[id].work->link->lanes()[units_[id].lane].waiting;
    waiting.push(id);
    for (std::size_t i = waiting.size() - 1; i > 0; --i) {
        if (units_[waiting[i - 1]].finish <= units_[id].finish) return;
        std::swap(waiting[i - 1], waiting[i]);
    }
}

}  // namespace remit::worker::embedding
