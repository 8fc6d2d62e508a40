#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/descriptor.hpp"
#include "tools/run/stop.hpp"

namespace remit::tools::doctor {

/// A line of text at a time over TCP, between two doctors. What comes from the other end is bounded, and every wait has
/// an end. One thread.
class LineChannel {
public:
    static constexpr std::size_t kMostBytes = std::size_t{256} << 10;  ///< of a line

    explicit LineChannel(Descriptor socket) : socket_(std::move(socket)) {}

    /// @throws Error(environment) where the peer has gone or takes nothing for five seconds.
    void send(const std::string& line);
    /// The next line without its end. @throws Error(environment): the peer has gone, a line is too long, nothing came
    /// in time, or the run is to stop.
    [[nodiscard]] std::string receive(std::chrono::milliseconds time, const Stop& stop);

    /// Numeric addresses of both ends, without the port.
    [[nodiscard]] std::string own_address() const;
    [[nodiscard]] std::string peer_address() const;

private:
    Descriptor socket_;
    std::string buffer_;
};

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};
/// "10.0.0.5", "node7:7700", "[fd00::5]:7700", "tcp://10.0.0.5:7700". Nothing for other text.
[[nodiscard]] std::optional<HostPort> host_port_of(std::string text, std::uint16_t default_port);

/// What became of an attempt to reach the peer.
struct Reached {
    std::optional<LineChannel> channel;
    int error = 0;       ///< errno, where the host was found and did not answer
    std::string reason;  ///< in words, where there is no channel
};
[[nodiscard]] Reached connect_to(const HostPort& peer, std::chrono::milliseconds time);

/// Waits for one peer. @throws Error(environment) where the address cannot be listened at, or the run is to stop.
[[nodiscard]] LineChannel accept_one(const HostPort& at, const Stop& stop);

}  // namespace remit::tools::doctor
