#pragma once

#include "protocol/keys.hpp"
#include "protocol/time.hpp"
#include "sim/network.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace remit::sim {

/// One posted work request: a write, or a round's zero-length write with an immediate.
struct WorkRequest {
    protocol::AttemptKey attempt;
    std::uint32_t round = 0;
    bool is_immediate = false;
    std::uint32_t immediate = 0;
    std::uint64_t send = 0;  ///< whose source it reads; 0: none
    std::uint64_t remote = 0;
    std::uint64_t landed = 0;  ///< bytes
    std::vector<std::uint8_t> data;
    /// Reads what is sent in place, when the NIC does; empty where all was gathered.
    std::vector<std::pair<std::uint64_t, std::uint32_t>> pieces;  ///< address (0: already in `data`) and length
};

/// A reliable connected queue pair: what is posted is sent, lands, and completes, in order and at any time.
struct QueuePair {
    enum class State : std::uint8_t { live, error, dead };
    std::uint32_t number = 0;
    Place owner = 0;
    protocol::GenerationKey generation;
    std::uint32_t index = 0;  ///< within its generation
    std::uint32_t peer = 0;   ///< number; 0: not connected
    State state = State::live;
    bool broken = false;  ///< the peer's end is gone; the sender learns of it by an error
    protocol::Time stalled_until{};
    std::deque<WorkRequest> queued;  ///< posted
    std::deque<WorkRequest> wire;    ///< sent
    std::deque<WorkRequest> landed;  ///< not yet completed

    [[nodiscard]] bool live() const noexcept { return state == State::live; }
};

struct SendCompletion {
    std::uint32_t queue_pair = 0;
    protocol::AttemptKey attempt;
    std::uint32_t round = 0;
    bool success = true;
};

/// All queue pairs of the world, by number. Numbers are never reused.
class Fabric {
public:
    QueuePair& create(Place owner, const protocol::GenerationKey& generation, std::uint32_t index);
    [[nodiscard]] QueuePair* find(std::uint32_t number);
    /// Nothing is posted, sent or completed any more; what is on the wire may still land at the peer.
    void destroy(std::uint32_t number);
    /// The peer's end of a queue pair, where it is there, live and connected to this one.
    [[nodiscard]] QueuePair* live_peer(const QueuePair& queue_pair);
    /// Forgets what is dead and has nothing on the wire.
    void sweep();
    [[nodiscard]] std::map<std::uint32_t, QueuePair>& all() noexcept { return queue_pairs_; }

private:
    std::uint32_t next_number_ = 1;
    std::map<std::uint32_t, QueuePair> queue_pairs_;
};

}  // namespace remit::sim
