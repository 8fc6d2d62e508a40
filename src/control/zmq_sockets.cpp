#include "control/zmq_sockets.hpp"

#include <remit/error.hpp>

#include <cerrno>

#include "control/address.hpp"

namespace remit::control {
namespace {

// The kernel gives up a connection whose other end has vanished without a word, so that repeats of a message do not
// wait for minutes. Liveness of the worker behind it is the protocol's affair. ZeroMQ's own heartbeat stays off: its
// timer aborts the process (4.3.4: "Assertion failed: !_io_error") where a peer fills the receive queue and goes.
constexpr int kVanishedMs = 6000;
constexpr int kConnectTimeoutMs = 3000;
constexpr int kReconnectFirstMs = 50;
constexpr int kReconnectMostMs = 1000;
// Messages a connection, each of max_message_bytes at most; further ones wait at the sender.
constexpr int kReceiveQueue = 100;
constexpr int kBacklog = 1024;

void set_common(zmq::socket_t& socket, const ChannelOptions& options, const std::string& ip) {
    // Only where it is wanted: with this option an IPv4 address needs a kernel that has IPv6.
    socket.set(zmq::sockopt::ipv6, is_ipv6(ip));
    socket.set(zmq::sockopt::linger, static_cast<int>(options.linger_ms));
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(options.max_message_bytes));
    socket.set(zmq::sockopt::handshake_ivl, static_cast<int>(options.handshake_ms));
    socket.set(zmq::sockopt::tcp_keepalive, 1);
    socket.set(zmq::sockopt::tcp_keepalive_idle, 10);
    socket.set(zmq::sockopt::tcp_keepalive_intvl, 3);
    socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
}

/// Without a domain ZeroMQ would take whoever completes the handshake where nobody answers for it.
constexpr const char* kDomain = "remit";

std::string bindable(const Endpoint& endpoint) {
    return endpoint.ip == "*" ? "0.0.0.0" : endpoint.ip;
}

[[noreturn]] void refuse_bind(const std::string& endpoint, const zmq::error_t& error) {
    std::string remedy = "check the address";
    if (error.num() == EADDRINUSE) remedy = "another program has that port: choose another, or port 0 for any free one";
    if (error.num() == EADDRNOTAVAIL || error.num() == ENODEV) {
        remedy = "no interface of this machine has that address; \"ip address\" shows those it has";
    }
    if (error.num() == EACCES) remedy = "ports below 1024 need a privilege: choose a higher one";
    throw Error(ErrorKind::environment, "cannot listen on " + endpoint + " (" + error.what() + "): " + remedy);
}

}  // namespace

zmq::socket_t make_pull(zmq::context_t& context, const ChannelOptions& options, const Endpoint& endpoint,
                        const std::optional<KeyPair>& own) {
    zmq::socket_t socket(context, zmq::socket_type::pull);
    set_common(socket, options, bindable(endpoint));
    socket.set(zmq::sockopt::rcvhwm, kReceiveQueue);
    socket.set(zmq::sockopt::backlog, kBacklog);
    if (own) {
        socket.set(zmq::sockopt::curve_server, true);
        socket.set(zmq::sockopt::curve_secretkey, own->secret_key);
        socket.set(zmq::sockopt::zap_domain, kDomain);
    }
    return socket;
}

void bind_pull(zmq::socket_t& socket, const Endpoint& endpoint) {
    const std::string text = format_endpoint(bindable(endpoint), endpoint.port);
    try {
        socket.bind(text);
    } catch (const zmq::error_t& error) {
        refuse_bind(text, error);
    }
}

std::uint16_t bound_port(const zmq::socket_t& socket) {
    return parse_endpoint(socket.get(zmq::sockopt::last_endpoint)).port;
}

zmq::socket_t connect_push(zmq::context_t& context, const ChannelOptions& options, const Endpoint& endpoint,
                           const std::optional<PeerKeys>& keys) {
    zmq::socket_t socket(context, zmq::socket_type::push);
    set_common(socket, options, endpoint.ip);
    if (keys) {
        socket.set(zmq::sockopt::curve_serverkey, keys->server);
        socket.set(zmq::sockopt::curve_publickey, keys->own.public_key);
        socket.set(zmq::sockopt::curve_secretkey, keys->own.secret_key);
    }
    socket.set(zmq::sockopt::sndhwm, static_cast<int>(options.outbox));
    socket.set(zmq::sockopt::connect_timeout, kConnectTimeoutMs);
    socket.set(zmq::sockopt::tcp_maxrt, kVanishedMs);
    socket.set(zmq::sockopt::reconnect_ivl, kReconnectFirstMs);
    socket.set(zmq::sockopt::reconnect_ivl_max, kReconnectMostMs);
    // What is sent before the connection stands waits in the outbox: with ZMQ_IMMEDIATE the first message to every
    // peer would be refused.
    socket.set(zmq::sockopt::immediate, false);
    socket.connect(format_endpoint(endpoint.ip, endpoint.port));
    return socket;
}

}  // namespace remit::control
