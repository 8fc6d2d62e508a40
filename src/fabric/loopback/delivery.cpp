#include "fabric/loopback/delivery.hpp"

#include "fabric/status.hpp"

#include <spdlog/fmt/fmt.h>

#include <bit>
#include <cstring>

namespace remit::fabric::loopback {
namespace {

using Mode = QueuePairState::Mode;

std::byte* pointer(std::uint64_t address) {
    return std::bit_cast<std::byte*>(static_cast<std::uintptr_t>(address));
}

std::uint64_t total_bytes(const WorkRequest& request) {
    std::uint64_t bytes = 0;
    for (const Piece& piece : request.pieces) bytes += piece.bytes;
    return bytes;
}

bool pieces_are_registered(const Network& network, const QueuePairState& sender, const WorkRequest& request) {
    for (const Piece& piece : request.pieces) {
        if (piece.bytes == 0) continue;
        if (network.find_region(piece.local_key, *sender.port, piece.address, piece.bytes) == nullptr) return false;
    }
    return true;
}

/// The peer if it would answer: there, ready, and connected to this very queue pair and not to a former one.
std::shared_ptr<QueuePairState> answering_peer(const Network& network, const QueuePairState& sender) {
    auto peer = network.find_queue_pair(sender.remote.number);
    if (!peer || peer->mode != Mode::connected) return nullptr;
    const bool same_pair = peer->local.psn == sender.remote.psn && peer->remote.number == sender.local.number &&
                           peer->remote.psn == sender.local.psn;
    return same_pair ? peer : nullptr;
}

bool remote_access_is_allowed(const Network& network, const QueuePairState& peer, const WorkRequest& request,
                              std::uint64_t bytes) {
    if (bytes == 0) return true;  // the specification checks no key then
    const RegionState* region = network.find_region(request.remote_key, *peer.port, request.remote_address, bytes);
    if (region == nullptr) return false;
    return request.opcode == Opcode::read ? region->access == Access::remote_read_write
                                          : region->access != Access::local;
}

void refuse_access(QueuePairState& peer) {
    peer.mode = Mode::error;
    peer.port->tell({AsyncEvent::Kind::queue_pair_fatal, peer.local.number,
                     fmt::format("{}: local access violation (queue pair {})", peer.port->name, peer.local.number)});
}

/// Where the bytes lie that a region has at `address`; both were checked.
std::byte* data_at(const Network& network, std::uint32_t key, const Port& port, std::uint64_t address,
                   std::uint64_t bytes) {
    const RegionState& region = *network.find_region(key, port, address, bytes);
    return pointer(region.data + (address - region.address));
}

void copy(const Network& network, const QueuePairState& sender, const QueuePairState& peer,
          const WorkRequest& request) {
    std::uint64_t remote = request.remote_address;
    for (const Piece& piece : request.pieces) {
        if (piece.bytes == 0) continue;
        std::byte* there = data_at(network, request.remote_key, *peer.port, remote, piece.bytes);
        std::byte* here = data_at(network, piece.local_key, *sender.port, piece.address, piece.bytes);
        if (request.opcode == Opcode::read) {
            std::memmove(here, there, piece.bytes);
        } else {
            std::memmove(there, here, piece.bytes);
        }
        remote += piece.bytes;
    }
}

void show_immediate(const std::shared_ptr<QueuePairState>& peer, std::uint32_t immediate) {
    --peer->receives->available;
    Completion completion;
    completion.id = kReservedIds;
    completion.queue_pair = peer->local.number;
    completion.ok = true;
    completion.kind = CompletionKind::immediate;
    completion.immediate = immediate;
    peer->receive_completions->push({completion, peer, 0});
}

void complete(const std::shared_ptr<QueuePairState>& sender, const WorkRequest& request, std::uint32_t status) {
    Completion completion;
    completion.id = request.id;
    completion.queue_pair = sender->local.number;
    completion.ok = status == status::success;
    completion.status = status;
    const std::uint32_t slots = std::exchange(sender->silent_slots, 0) + 1;
    sender->send_completions->push({completion, sender, slots});
}

}  // namespace

std::uint32_t deliver(Network& network, QueuePairState& sender, const WorkRequest& request) {
    const std::uint64_t bytes = total_bytes(request);
    if (bytes > limits().max_message) return status::local_length;
    if (!pieces_are_registered(network, sender, request)) return status::local_protection;
    const auto peer = answering_peer(network, sender);
    if (!peer) return status::retry_exceeded;
    if (!remote_access_is_allowed(network, *peer, request, bytes)) {
        refuse_access(*peer);
        return status::remote_access;
    }
    const bool wants_receive = request.opcode == Opcode::write_with_immediate;
    if (wants_receive && (!peer->receives || peer->receives->available == 0)) return status::receiver_not_ready;
    copy(network, sender, *peer, request);
    if (wants_receive) show_immediate(peer, request.immediate);
    return status::success;
}

void execute(Network& network, const std::shared_ptr<QueuePairState>& sender, const WorkRequest& request) {
    if (sender->mode != Mode::connected) {
        complete(sender, request, status::flushed);
        return;
    }
    const std::uint32_t status = deliver(network, *sender, request);
    if (status != status::success) {
        sender->mode = Mode::error;
        complete(sender, request, status);
    } else if (request.signaled) {
        complete(sender, request, status);
    } else {
        ++sender->silent_slots;
    }
}

}  // namespace remit::fabric::loopback
