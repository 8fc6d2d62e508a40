// From units to work requests: chains cut to the free slots, the last one signalled, accepted prefixes counted.

#include "worker/embedding/chain.hpp"
#include "worker/embedding/send_queue.hpp"

#include <spdlog/fmt/fmt.h>

#include <cstring>
#include <utility>

namespace remit::worker::embedding {
bool SendQueue::post_all() {
    bool moved = false;
    starved_ = false;
    for (auto& [key, link] : links_) {
        for (Lane& lane : link->lanes()) {
            while (!link->failed && post_lane(*link, lane)) moved = true;
            starved_ |= !link->failed && is_starved(lane);
        }
    }
    return moved;
}

/// The provider took nothing, or only what it will not report, and no completion will come that tells to try again.
bool SendQueue::is_starved(const Lane& lane) noexcept {
    return !lane.tail_signaled || (lane.in_flight.empty() && !lane.waiting.empty());
}

bool SendQueue::finished_posting(const Unit& unit) const noexcept {
    return unit.next_write == unit.end_write && !unit.immediate;
}

/// Posts one chain; true where the queue pair took some of it and there may be more.
bool SendQueue::post_lane(Link& link, Lane& lane) {
    if (lane.waiting.empty() && lane.tail_signaled) return false;
    Chain& chain = *chain_;
    chain.clear();
    fill_chain(link, lane, chain);
    if (chain.size == 0) return post_marker(link, lane);
    chain.requests[chain.size - 1].signaled = true;
    counters_.doorbells.add();
    if (settings_.recorder != nullptr) chain.posted_at = trace::now();
    for (std::size_t i = 0; i < chain.size; ++i) chain.requests[i].id = lane.next_sequence() + i;
    const auto result = lane.queue_pair->post({chain.requests.data(), chain.size});
    account_accepted(lane, chain, result.accepted);
    fail_refused(link, lane, result);
    return result.accepted > 0 && result.status == fabric::PostStatus::ok;
}

/// A queue pair that takes no more work takes its generation with it.
void SendQueue::fail_refused(Link& link, const Lane& lane, const fabric::PostResult& result) {
    if (result.status != fabric::PostStatus::error) return;
    fail_link(link, fmt::format("posting to queue pair {} of {}: {} ({})", lane.queue_pair->local().number,
                                fabric_.device_on(lane.rail), std::strerror(result.error), result.error));
}

/// A prefix of a chain that ended unsignalled would never be reported: a zero-length write behind it is.
bool SendQueue::post_marker(Link& link, Lane& lane) {
    if (lane.tail_signaled || lane.in_flight.empty() || lane.in_flight.size() >= link.depth()) return false;
    const std::uint32_t rail = lane.rail;
    fabric::WorkRequest marker;
    marker.id = lane.next_sequence();
    marker.signaled = true;
    marker.remote_address = link.peer_pool().registrations[0].address;
    marker.remote_key = link.peer_pool().registrations[0].key_on(rail);
    counters_.doorbells.add();
    const auto result = lane.queue_pair->post({&marker, 1});
    fail_refused(link, lane, result);
    if (result.accepted == 0) return false;
    counters_.requests.add();
    counters_.signaled.add();
    lane.in_flight.push({0, true});
    lane.tail_signaled = true;
    return true;
}

/// Bytes that a queue pair holds at once: the next chunk follows the last without a gap, and a unit that comes now waits
/// for no more than these. The quarter is for what is left of rounds: chunks of the next one would not fit beside it, and the
/// wire would be idle once the last whole chunk is through.
std::uint64_t SendQueue::window() const noexcept {
    return settings_.chunks_in_flight * settings_.plan.chunk_bytes + settings_.plan.chunk_bytes / 4;
}

/// Requests of waiting units in order, as many as there are slots and the window lets; units that were cancelled
/// meanwhile are dropped.
void SendQueue::fill_chain(Link& link, Lane& lane, Chain& chain) {
    const std::size_t free_slots = link.depth() - lane.in_flight.size();
    const std::size_t most = std::min(Chain::kRequests, free_slots);
    std::uint64_t flying = lane.flying;
    for (std::size_t i = 0; i < lane.waiting.size() && chain.size < most; ++i) {
        const UnitId id = lane.waiting[i];
        Unit unit = units_[id];  // a copy: what the provider refuses is tried again
        if (unit.work->cancelled && !unit.closing) {
            if (i > 0) return;  // it is dropped when it has come to the front
            lane.waiting.pop();
            drop_unposted(id);
            --i;
            continue;
        }
        if (!unit.flying) {
            if (flying > 0 && flying + unit.bytes > window()) return;
            flying += unit.bytes;
        }
        // What waits without a signal of its own is not to wait for a large unit.
        if (is_large(unit.bytes)) chain.signal_last();
        while (!finished_posting(unit) && chain.size < most) {
            const std::size_t before = chain.size;
            add_request(link, unit, id, chain);
            if (chain.size == before) return;  // no scatter entries left
        }
    }
}

/// A completion costs little beside this many bytes.
bool SendQueue::is_large(std::uint64_t bytes) const noexcept { return bytes >= settings_.plan.chunk_bytes / 4; }

void SendQueue::drop_unposted(UnitId id) {
    Unit& unit = units_[id];
    unit.next_write = unit.end_write;
    unit.immediate = false;
    unit.truncated = true;
    if (unit.in_flight == 0) finish_unit(id, false);
}

void SendQueue::add_request(Link& link, Unit& unit, UnitId id, Chain& chain) {
    fabric::WorkRequest& request = chain.requests[chain.size];
    const std::uint32_t rail = link.lanes()[unit.lane].rail;
    request = {};
    if (unit.next_write < unit.end_write) {
        const plan::RoundPlan& plan = unit.part->plan;
        const plan::Write& write = plan.writes[unit.next_write];
        if (chain.pieces_used + write.pieces > Chain::kPieces) return;
        fabric::Piece* pieces = chain.pieces.data() + chain.pieces_used;
        for (std::uint32_t p = 0; p < write.pieces; ++p) {
            const plan::LocalPiece& piece = plan.pieces[write.first_piece + p];
            if (piece.registration == plan::kSendRegion) {
                const auto region = static_cast<std::uint32_t>(unit.region);
                pieces[p] = {regions_.wire_address(region) + piece.address, piece.bytes, regions_.local_key_on(rail)};
            } else {
                const Registration& source = unit.work->source->map.registrations[piece.registration];
                pieces[p] = {piece.address, piece.bytes, source.key_on(rail)};
            }
        }
        chain.pieces_used += write.pieces;
        request.pieces = {pieces, write.pieces};
        request.may_inline = settings_.cpu_reads;
        request.remote_address = write.remote;
        request.remote_key = link.peer_pool().registrations[write.registration].key_on(rail);
        ++unit.next_write;
    } else {
        request.remote_address = link.peer_pool().registrations[0].address;
        request.remote_key = link.peer_pool().registrations[0].key_on(rail);
    }
    if (unit.next_write == unit.end_write) {
        // Its send region is free, and its end is known, once a completion is in: of its own, or of a later one soon.
        chain.silent += unit.bytes;
        request.signaled = is_large(chain.silent);
        if (request.signaled) chain.silent = 0;
        if (unit.immediate) {
            request.opcode = fabric::Opcode::write_with_immediate;
            request.immediate = protocol::immediate_of(unit.work->key.attempt);
            unit.immediate = false;
        }
    }
    chain.units[chain.size++] = id;
}

void SendQueue::account_accepted(Lane& lane, const Chain& chain, std::size_t accepted) {
    for (std::size_t i = 0; i < accepted; ++i) {
        const fabric::WorkRequest& request = chain.requests[i];
        Unit& unit = units_[chain.units[i]];
        Work& work = *unit.work;
        if (unit.next_write < unit.end_write) ++unit.next_write;
        if (request.opcode == fabric::Opcode::write_with_immediate) {
            unit.immediate = false;
            ++work.immediates[unit.lane];
        }
        ++unit.in_flight;
        if (!std::exchange(unit.flying, true)) {
            lane.flying += unit.bytes;
            if (settings_.recorder != nullptr) traced_[chain.units[i]].posted = chain.posted_at;
            clock_.posted(work.flow, unit.finish, unit.bytes);
        }
        lane.in_flight.push({chain.units[i], false});
        work.source->writes.fetch_add(1, std::memory_order_relaxed);
        counters_.requests.add();
        if (request.signaled) counters_.signaled.add();
        if (!work.posted) {
            work.posted = true;
            events_.push_back({SendEvent::Kind::posted, work.key, 0, 0, {}});
        }
        if (finished_posting(unit)) lane.waiting.pop();  // units are posted in the order of the list
    }
    if (accepted > 0) lane.tail_signaled = chain.requests[accepted - 1].signaled;
}

}  // namespace remit::worker::embedding
