#pragma once

#include "base/fifo.hpp"
#include "fabric/fabric.hpp"
#include "layout/block_map.hpp"
#include "protocol/keys.hpp"
#include "worker/embedding/turns.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace remit::worker::embedding {

struct Work;

/// Index of a unit of work in the send queue.
using UnitId = std::uint32_t;

/// A work request that the NIC has and has not completed.
struct Posted {
    UnitId unit = 0;
    bool marker = false;  ///< belongs to no unit: it only makes earlier unsignalled requests complete
};

/// One queue pair's share of the work: units that wait for a slot, first the one that is next; requests in flight.
struct Lane {
    std::unique_ptr<fabric::QueuePair> queue_pair;
    Fifo<UnitId> waiting;
    std::uint64_t flying = 0;  ///< bytes of units that are posted, the whole unit from its first request on
    Fifo<Posted> in_flight;
    std::uint64_t first_sequence = 0;  ///< of in_flight's front; a request's id is its sequence number
    bool tail_signaled = true;         ///< the last request in flight will complete by itself
    std::uint32_t rail = 0;            ///< whose keys its requests carry

    [[nodiscard]] std::uint64_t next_sequence() const noexcept { return first_sequence + in_flight.size(); }
};

/// One generation of a session: connected queue pairs towards a language worker, with a completion queue of their own
/// that is as deep as all they can have in flight.
class Link {
public:
    struct Settings {
        std::uint32_t depth = 256;
    };

    /// Queue pairs connected to `remote`, paired by index. @throws Error(environment).
    Link(const protocol::GenerationKey& key, fabric::Fabric& fabric, const Settings& settings, const BlockMap& pool,
         std::uint64_t max_message, const std::vector<QueuePairAddress>& remote);

    [[nodiscard]] const protocol::GenerationKey& key() const noexcept { return key_; }
    [[nodiscard]] std::vector<QueuePairAddress> local() const;
    [[nodiscard]] const BlockMap& peer_pool() const noexcept { return peer_pool_; }
    [[nodiscard]] std::uint64_t max_message() const noexcept { return max_message_; }
    [[nodiscard]] std::vector<Lane>& lanes() noexcept { return lanes_; }
    [[nodiscard]] std::uint32_t depth() const noexcept { return depth_; }
    [[nodiscard]] fabric::CompletionQueue& completions() noexcept { return *completions_; }
    /// Something will complete.
    [[nodiscard]] bool in_flight() const noexcept {
        return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return !lane.in_flight.empty(); });
    }
    [[nodiscard]] Lane* lane_of(std::uint32_t queue_pair) noexcept;

    Turns<Work> turns;          ///< attempts with something to stage
    bool failed = false;        ///< an error was reported; no more is posted
    std::uint32_t staged = 0;   ///< units with data between staging and completion

private:
    protocol::GenerationKey key_;
    BlockMap peer_pool_;
    std::uint64_t max_message_;
    std::uint32_t depth_;
    std::unique_ptr<fabric::CompletionQueue> completions_;
    std::vector<Lane> lanes_;
};

}  // namespace remit::worker::embedding
