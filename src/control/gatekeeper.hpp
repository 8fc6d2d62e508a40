#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <zmq.hpp>

#include "control/allowed_keys.hpp"

namespace remit::control {

/// Decides who may connect to the CURVE sockets of a context (ZeroMQ asks by its ZAP protocol, RFC 27), and counts who
/// was turned away. Owns one thread, which works on handshakes only: peers that have connected do not pass here.
class Gatekeeper {
public:
    /// From here on no connection to a CURVE socket of `context` stands without a key of `allowed`.
    Gatekeeper(zmq::context_t& context, AllowedKeys allowed);
    ~Gatekeeper();
    Gatekeeper(const Gatekeeper&) = delete;
    Gatekeeper& operator=(const Gatekeeper&) = delete;

    /// Counts the handshakes that fail on a bound socket. At most one socket, before it is bound.
    void watch(zmq::socket_t& socket);

    /// Connections refused: their key is not allowed.
    [[nodiscard]] std::uint64_t denied_keys() const noexcept { return denied_keys_.load(std::memory_order_relaxed); }
    /// Connections that ended before they had shown a key: no CURVE, another server key, noise.
    [[nodiscard]] std::uint64_t failed_handshakes() const noexcept {
        return failed_handshakes_.load(std::memory_order_relaxed);
    }

private:
    void run();
    void answer();
    void take_event();

    AllowedKeys allowed_;
    zmq::socket_t requests_;
    zmq::socket_t events_;
    Complaints complaints_;
    std::atomic<std::uint64_t> denied_keys_{0};
    std::atomic<std::uint64_t> failed_handshakes_{0};
    int stop_ = -1;
    std::thread thread_;
};

}  // namespace remit::control
