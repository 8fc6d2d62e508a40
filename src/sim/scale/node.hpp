#pragma once

#include "sim/scale/items.hpp"
#include "sim/scale/settings.hpp"

#include <deque>

namespace remit::sim::scale {

class Cluster;

/// One worker: a thread that takes one item at a time, a port, and a copy engine.
class Node {
public:
    Node(Cluster& cluster, Place place) : cluster_(cluster), place_(place) {}
    virtual ~Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Feeds the product's state machine and does what it asks for. Returns the time that the thread spends on it;
    /// what it tells others leaves after that.
    virtual Time serve(Item item) = 0;
    [[nodiscard]] virtual Time next_deadline() const = 0;

    // -- kept by the cluster
    std::deque<std::uint32_t> completions;
    std::deque<std::uint32_t> inbox;
    bool busy = false;
    Time timer = protocol::kNever;  ///< earliest one under way
    Time port_free{};               ///< outgoing at an embedding worker, incoming at a language worker
    std::uint64_t port_bytes = 0;

    [[nodiscard]] std::size_t waiting() const noexcept { return completions.size() + inbox.size(); }

protected:
    /// When `bytes` that are copied from now on are there; a launch delays, it does not occupy the engine.
    Time copy(Time now, std::uint64_t bytes);

    Cluster& cluster_;
    const Place place_;

private:
    Time engine_free_{};
};

}  // namespace remit::sim::scale
