#include "worker/embedding/link.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::worker::embedding {
namespace {

std::uint32_t checked_completions(std::uint64_t wanted, const fabric::Limits& limits) {
    if (wanted <= limits.max_completions) return static_cast<std::uint32_t>(wanted);
    throw Error(ErrorKind::environment,
                fmt::format("{} completions wanted for a session, the device has {}: lower fabric.send_queue_depth or "
                            "fabric.queue_pairs",
                            wanted, limits.max_completions));
}

}  // namespace

Link::Link(const protocol::GenerationKey& key, fabric::Fabric& fabric, const Settings& settings, const BlockMap& pool,
           std::uint64_t max_message, const std::vector<QueuePairAddress>& remote)
    : key_(key),
      peer_pool_(pool),
      max_message_(std::min(max_message, fabric.limits().max_message)),
      depth_(std::min(settings.depth, fabric.limits().max_queue_depth)),
      completions_(fabric.create_completion_queue(
          checked_completions(std::uint64_t{depth_} * remote.size(), fabric.limits()))) {
    for (const QueuePairAddress& peer : remote) {
        Lane lane;
        lane.rail = peer.rail;
        lane.queue_pair = fabric.create_queue_pair({completions_.get(), completions_.get(), nullptr, depth_, peer.rail});
        lane.queue_pair->connect(peer);
        lanes_.push_back(std::move(lane));
    }
}

std::vector<QueuePairAddress> Link::local() const {
    std::vector<QueuePairAddress> out;
    for (const Lane& lane : lanes_) out.push_back(lane.queue_pair->local());
    return out;
}

Lane* Link::lane_of(std::uint32_t queue_pair) noexcept {
    for (Lane& lane : lanes_) {
        if (rail_number(lane.queue_pair->local()) == queue_pair) return &lane;
    }
    return nullptr;
}

}  // namespace remit::worker::embedding
