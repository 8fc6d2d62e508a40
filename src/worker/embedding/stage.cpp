// From a planned round to units: chunks of all attempts take turns, are gathered, and join their lane.

#include "worker/embedding/send_queue.hpp"

#include "base/checked.hpp"

#include <algorithm>

namespace remit::worker::embedding {
namespace {

// A round is striped over its queue pairs in chunks no smaller than this.
constexpr std::uint64_t kSmallestStripe = 64u << 10;

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
    round->first_lane = request.round % lanes;
    round->units = std::max(chunks, lanes);
    if (work.rounds.size() <= round->number) work.rounds.resize(round->number + 1);
    work.unstaged.push(round.get());
    work.rounds[round->number] = std::move(round);
    take_turn(work);
}

void SendQueue::take_turn(Work& work) {
    if (work.queued || work.unstaged.empty()) return;
    work.queued = true;
    turns_.push(&work);
}

bool SendQueue::stage() {
    bool moved = false;
    std::size_t refused = 0;
    while (!turns_.empty() && refused < turns_.size()) {
        Work* work = turns_.front();
        turns_.pop();
        if (work == nullptr) continue;
        work->queued = false;
        const bool staged = !work->unstaged.empty() && may_stage(*work) && stage_next(*work);
        moved |= staged;
        refused = staged ? 0 : refused + 1;
        take_turn(*work);
    }
    return moved;
}

/// One peer that takes nothing must not hold all the send regions: with several links each has half of them at most.
bool SendQueue::may_stage(const Work& work) const {
    const std::uint32_t share = links_.size() > 1 ? std::max(1u, settings_.send_regions / 2) : settings_.send_regions;
    return work.link->staged < share;
}

/// Stages the next unit of the attempt's oldest round; false where no send region is free.
bool SendQueue::stage_next(Work& work) {
    Round& round = *work.unstaged.front();
    const auto lanes = static_cast<std::uint32_t>(work.link->lanes().size());
    const auto chunks = static_cast<std::uint32_t>(round.plan.chunks.size());
    const std::uint32_t index = round.next_unit;
    const bool has_chunk = index < chunks;
    std::optional<std::uint32_t> region;
    if (has_chunk && round.plan.chunks[index].region_bytes > 0) {
        region = regions_.take();
        if (!region) return false;
    }
    const UnitId id = new_unit(work, &round, (round.first_lane + index) % lanes);
    Unit& unit = units_[id];
    // The last unit of the round on its lane; lanes that no chunk reaches get an immediate alone.
    unit.immediate = index + lanes >= round.units;
    if (has_chunk) {
        const plan::Chunk& chunk = round.plan.chunks[index];
        unit.next_write = chunk.first_write;
        unit.end_write = chunk.first_write + chunk.writes;
        unit.counted = true;
        ++work.link->staged;
        if (region) {
            unit.region = *region;
            const std::span<const memory::Copy> copies(round.plan.copies);
            unit.ticket = copies_.submit(copies.subspan(chunk.first_copy, chunk.copies), regions_.address(*region));
        }
    }
    gathering_.push(id);
    if (++round.next_unit == round.units) work.unstaged.pop();
    return true;
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

/// Gathered units join their lane in the order in which they were staged.
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
            unit.work->link->lanes()[unit.lane].waiting.push(id);
        }
    }
    return moved;
}

}  // namespace remit::worker::embedding
