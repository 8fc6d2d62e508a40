#pragma once

#include "fabric/loopback/network.hpp"

/// What the wire and the peer's device do with a work request.
namespace remit::fabric::loopback {

/// Locked. Carries the request out and returns its status. On a fault of the peer's side the peer's queue pair fails
/// too, with an event to its fabric, as the specification has it.
[[nodiscard]] std::uint32_t deliver(Network& network, QueuePairState& sender, const WorkRequest& request);

/// Locked. Carries out and completes a request that holds a slot of the queue pair: silently where it went well and
/// is unsignalled, as flushed where the queue pair has failed.
void execute(Network& network, const std::shared_ptr<QueuePairState>& sender, const WorkRequest& request);

}  // namespace remit::fabric::loopback
