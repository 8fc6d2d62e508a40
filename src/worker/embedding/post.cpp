// From units to work requests: chains cut to the free slots, the last one signalled, accepted prefixes counted.

#include "worker/embedding/send_queue.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <cstring>
#include <utility>

namespace remit::worker::embedding {
namespace {

constexpr std::size_t kChain = 32;         ///< requests a doorbell
constexpr std::size_t kChainPieces = 512;  ///< scatter entries a doorbell

}  // namespace

struct SendQueue::Chain {
    std::array<fabric::WorkRequest, kChain> requests;
    std::array<fabric::Piece, kChainPieces> pieces;
    std::array<UnitId, kChain> units;
    std::size_t size = 0;
    std::size_t pieces_used = 0;
};

bool SendQueue::post_all() {
    bool moved = false;
    for (auto& [key, link] : links_) {
        for (Lane& lane : link->lanes()) {
            while (!link->failed && post_lane(*link, lane)) moved = true;
        }
    }
    return moved;
}

bool SendQueue::finished_posting(const Unit& unit) const noexcept {
    return unit.next_write == unit.end_write && !unit.immediate;
}

/// Posts one chain; true where the queue pair took some of it and there may be more.
bool SendQueue::post_lane(Link& link, Lane& lane) {
    if (lane.waiting.empty() && lane.tail_signaled) return false;
    Chain chain;
    fill_chain(link, lane, chain);
    if (chain.size == 0) return post_marker(link, lane);
    chain.requests[chain.size - 1].signaled = true;
    for (std::size_t i = 0; i < chain.size; ++i) chain.requests[i].id = lane.next_sequence() + i;
    const auto result = lane.queue_pair->post({chain.requests.data(), chain.size});
    account_accepted(lane, chain, result.accepted);
    if (result.status == fabric::PostStatus::error) {
        fail_link(link, fmt::format("posting to queue pair {}: {} ({})", lane.queue_pair->local().number,
                                    std::strerror(result.error), result.error));
    }
    return result.accepted > 0 && result.status == fabric::PostStatus::ok;
}

/// A prefix of a chain that ended unsignalled would never be reported: a zero-length write behind it is.
bool SendQueue::post_marker(Link& link, Lane& lane) {
    if (lane.tail_signaled || lane.in_flight.empty() || lane.in_flight.size() >= link.depth()) return false;
    fabric::WorkRequest marker;
    marker.id = lane.next_sequence();
    marker.signaled = true;
    marker.remote_address = link.peer_pool().registrations[0].address;
    marker.remote_key = link.peer_pool().registrations[0].key;
    if (lane.queue_pair->post({&marker, 1}).accepted == 0) return false;
    lane.in_flight.push({0, true});
    lane.tail_signaled = true;
    return true;
}

/// Bytes that a queue pair holds at once: the next chunk follows the last without a gap, and a unit that comes now waits
/// for no more than these.
std::uint64_t SendQueue::window() const noexcept { return settings_.chunks_in_flight * settings_.plan.chunk_bytes; }

/// Requests of waiting units in order, as many as there are slots and the window lets; units that were cancelled
/// meanwhile are dropped.
void SendQueue::fill_chain(Link& link, Lane& lane, Chain& chain) {
    const std::size_t free_slots = link.depth() - lane.in_flight.size();
    const std::size_t most = std::min(kChain, free_slots);
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
        while (!finished_posting(unit) && chain.size < most) {
            const std::size_t before = chain.size;
            add_request(link, unit, id, chain);
            if (chain.size == before) return;  // no scatter entries left
        }
    }
}

void SendQueue::drop_unposted(UnitId id) {
    Unit& unit = units_[id];
    unit.next_write = unit.end_write;
    unit.immediate = false;
    unit.truncated = true;
    if (unit.in_flight == 0) finish_unit(id, false);
}

void SendQueue::add_request(Link& link, Unit& unit, UnitId id, Chain& chain) {
    fabric::WorkRequest& request = chain.requests[chain.size];
    request = {};
    if (unit.next_write < unit.end_write) {
        const plan::RoundPlan& plan = unit.part->plan;
        const plan::Write& write = plan.writes[unit.next_write];
        if (chain.pieces_used + write.pieces > kChainPieces) return;
        fabric::Piece* pieces = chain.pieces.data() + chain.pieces_used;
        for (std::uint32_t p = 0; p < write.pieces; ++p) {
            const plan::LocalPiece& piece = plan.pieces[write.first_piece + p];
            if (piece.registration == plan::kSendRegion) {
                const auto region = static_cast<std::uint32_t>(unit.region);
                pieces[p] = {regions_.wire_address(region) + piece.address, piece.bytes, regions_.local_key()};
            } else {
                const Registration& source = unit.work->source->map.registrations[piece.registration];
                pieces[p] = {piece.address, piece.bytes, source.key};
            }
        }
        chain.pieces_used += write.pieces;
        request.pieces = {pieces, write.pieces};
        request.remote_address = write.remote;
        request.remote_key = link.peer_pool().registrations[write.registration].key;
        ++unit.next_write;
    } else {
        request.remote_address = link.peer_pool().registrations[0].address;
        request.remote_key = link.peer_pool().registrations[0].key;
    }
    if (unit.next_write == unit.end_write) {
        request.signaled = true;  // the unit's send region is free once this is in
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
            clock_.posted(work.flow, unit.finish, unit.bytes);
        }
        lane.in_flight.push({chain.units[i], false});
        work.source->writes.fetch_add(1, std::memory_order_relaxed);
        if (!work.posted) {
            work.posted = true;
            events_.push_back({SendEvent::Kind::posted, work.key, 0, 0, {}});
        }
        if (finished_posting(unit)) lane.waiting.pop();  // units are posted in the order of the list
    }
    if (accepted > 0) lane.tail_signaled = chain.requests[accepted - 1].signaled;
}

}  // namespace remit::worker::embedding
