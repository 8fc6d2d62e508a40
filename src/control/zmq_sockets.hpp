#pragma once

#include <zmq.hpp>

#include <cstdint>
#include <string>

#include "control/channel.hpp"

/// The sockets of a channel with every option that bounds what they store and how long they wait.
namespace remit::control {

/// A bound PULL. @throws Error(environment) where the address cannot be bound.
[[nodiscard]] zmq::socket_t bind_pull(zmq::context_t& context, const ChannelOptions& options, const Endpoint& endpoint);
/// The port that a bound socket has.
[[nodiscard]] std::uint16_t bound_port(const zmq::socket_t& socket);
/// A PUSH on its way to a peer. @throws zmq::error_t where that cannot even begin.
[[nodiscard]] zmq::socket_t connect_push(zmq::context_t& context, const ChannelOptions& options, const std::string& ip,
                                         std::uint16_t port);

}  // namespace remit::control
