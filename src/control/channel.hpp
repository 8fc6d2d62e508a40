#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The control channel: multipart messages between workers, over ZeroMQ PUSH to PULL.
namespace remit::control {

using Frames = std::vector<std::string>;

/// A peer's PULL socket. A new incarnation of a peer gets a new connection, so that nothing queued for the
/// old one is replayed to it.
struct Peer {
    std::string ip;
    std::uint16_t port = 0;
    std::uint64_t incarnation = 0;
    bool operator==(const Peer&) const = default;
    auto operator<=>(const Peer&) const = default;
};

struct Received {
    Frames frames;
    std::string sender;  ///< address of the connection it came from, "" where unknown; for logs and return-address checks
};

enum class SendResult : std::uint8_t { queued, overflow, unreachable };

/// Owned by one thread, except that the descriptor may be polled anywhere.
class Channel {
public:
    virtual ~Channel() = default;
    [[nodiscard]] virtual const std::string& ip() const noexcept = 0;    ///< the address told to peers
    [[nodiscard]] virtual std::uint16_t port() const noexcept = 0;       ///< the bound port
    /// Never blocks. `overflow`: the peer's bounded outbox is full.
    virtual SendResult send(const Peer& peer, const Frames& frames) = 0;
    /// Closes the connection to a peer and drops what is queued for it after the linger time.
    virtual void forget(const Peer& peer) = 0;
    /// The next message, if any; never blocks.
    virtual std::optional<Received> receive() = 0;
    /// Readable when receive() may have something. Edge-triggered as ZeroMQ's is: take all before waiting again.
    [[nodiscard]] virtual int descriptor() const noexcept = 0;
};

struct ChannelOptions {
    std::string listen = "tcp://127.0.0.1:0";  ///< port 0: any free one
    std::string advertise;                     ///< address told to peers where the bound one is a wildcard
    std::uint32_t outbox = 10000;              ///< messages queued a peer
    std::uint32_t linger_ms = 500;
    std::uint32_t max_message_bytes = 16u << 20;  ///< of one frame; larger ones close the connection
    bool insecure = false;                     ///< permits an address off loopback without keys
};

/// @throws Error(bad_argument) for a malformed endpoint, Error(environment) where it cannot be bound.
[[nodiscard]] std::unique_ptr<Channel> open_zmq(const ChannelOptions& options);

/// "tcp://10.0.0.5:7700", "tcp://[::1]:7700" → address and port. @throws Error(bad_argument).
struct Endpoint {
    std::string ip;
    std::uint16_t port = 0;
};
[[nodiscard]] Endpoint parse_endpoint(const std::string& text);
[[nodiscard]] std::string format_endpoint(const std::string& ip, std::uint16_t port);

}  // namespace remit::control
