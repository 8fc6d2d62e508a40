#pragma once

#include <zmq.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "control/channel.hpp"
#include "control/keys.hpp"

/// The sockets of a channel with every option that bounds what they store and how long they wait.
namespace remit::control {

/// A PULL, not bound yet; with `own` it hears only who completes a CURVE handshake with it.
[[nodiscard]] zmq::socket_t make_pull(zmq::context_t& context, const ChannelOptions& options, const Endpoint& endpoint,
                                      const std::optional<KeyPair>& own);
/// @throws Error(environment) where the address cannot be bound.
void bind_pull(zmq::socket_t& socket, const Endpoint& endpoint);
/// The port that a bound socket has.
[[nodiscard]] std::uint16_t bound_port(const zmq::socket_t& socket);
/// Our keys towards a peer with that public key.
struct PeerKeys {
    const KeyPair& own;
    const std::string& server;
};
/// A PUSH on its way to a peer. @throws zmq::error_t where that cannot even begin.
[[nodiscard]] zmq::socket_t connect_push(zmq::context_t& context, const ChannelOptions& options,
                                         const Endpoint& endpoint, const std::optional<PeerKeys>& keys);

}  // namespace remit::control
