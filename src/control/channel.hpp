#pragma once

#include <remit/options.hpp>

#include <compare>
#include <cstddef>
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
    std::string key{};  ///< its public key; empty: that of KeyOptions::server_key_file. Without keys it has no effect.
    bool operator==(const Peer&) const = default;
    auto operator<=>(const Peer&) const = default;
};

struct Received {
    Frames frames;
    std::string
        sender;  ///< address of the connection it came from, "" where unknown; for logs and return-address checks
    std::string key{};  ///< public key that the connection has proved; "" on a channel without keys
};

enum class SendResult : std::uint8_t { queued, overflow, unreachable, too_large };

/// A message of more frames than this, or of more bytes in all than ChannelOptions::max_message_bytes, is dropped as it
/// comes in: a peer must not decide how much is stored for it.
inline constexpr std::size_t kMaxFrames = 64;

/// What the channel itself dropped or refused since it was opened.
struct ChannelCounters {
    std::uint64_t received = 0;         ///< messages handed out
    std::uint64_t too_many_frames = 0;  ///< messages dropped
    std::uint64_t too_many_bytes = 0;   ///< messages dropped
    std::uint64_t overflows = 0;        ///< sends refused: outbox full
    std::uint64_t too_large = 0;        ///< sends refused: more bytes than the peer takes
    std::uint64_t unreachable = 0;      ///< sends refused: no address or key to send to, or no socket to send with
    std::uint64_t denied_keys = 0;        ///< connections refused: their key is not allowed
    std::uint64_t failed_handshakes = 0;  ///< connections that ended before they had shown a key
};

/// Owned by one thread, except that the descriptor may be polled anywhere.
class Channel {
public:
    virtual ~Channel() = default;
    [[nodiscard]] virtual const std::string& ip() const noexcept = 0;  ///< the address told to peers
    [[nodiscard]] virtual std::uint16_t port() const noexcept = 0;     ///< the bound port
    /// Never blocks. `too_large`: more than max_message_bytes, for which the peer would hang up. `overflow`: the peer's
    /// bounded outbox is full. `unreachable`: the address is not numeric, the port
    /// is 0, the peer is off loopback on a channel that may not leave it, its key is unknown on a channel with keys, or the
    /// process has no socket left.
    virtual SendResult send(const Peer& peer, const Frames& frames) = 0;
    /// Closes the connection to a peer and drops what is queued for it after the linger time.
    virtual void forget(const Peer& peer) = 0;
    /// The next message, if any, into `message`, whose memory is used again; never blocks. False also after a bounded number
    /// of messages that were dropped: see drained().
    virtual bool receive(Received& message) = 0;
    std::optional<Received> receive() {
        Received message;
        if (!receive(message)) return std::nullopt;
        return message;
    }
    /// The last receive() has found nothing. Until descriptor() is readable there is nothing, and asking costs system calls.
    [[nodiscard]] virtual bool drained() const noexcept { return true; }
    /// Becomes readable when something comes after drained(). Not to be waited for before: it tells of what comes, not of what
    /// is there.
    [[nodiscard]] virtual int descriptor() const noexcept = 0;
    [[nodiscard]] virtual ChannelCounters counters() const noexcept { return {}; }
};

struct ChannelOptions {
    std::string listen = "tcp://127.0.0.1:0";  ///< port 0: any free one
    std::string advertise{};                   ///< address told to peers where the bound one is a wildcard
    std::uint32_t outbox = 10000;              ///< messages queued a peer, ≥ 1
    std::uint32_t linger_ms = 500;
    std::uint32_t handshake_ms = 5000;         ///< a connection that has not said who it is by then is cut
    std::uint32_t max_message_bytes = 16u << 20;  ///< of one frame; larger ones close the connection
    KeyOptions keys{};
    bool insecure = false;  ///< permits an address off loopback without keys
};

/// @throws Error(bad_argument) for a malformed endpoint, a wildcard without `advertise` or an address off loopback
/// without keys or `insecure`, for keys that do not go together or are none; Error(environment) where it cannot be bound
/// or a key file cannot be read or is open to others.
[[nodiscard]] std::unique_ptr<Channel> open_zmq(const ChannelOptions& options);

struct Endpoint {
    std::string ip;
    std::uint16_t port = 0;
    bool operator==(const Endpoint&) const = default;
};
/// "tcp://10.0.0.5:7700", "tcp://[::1]:7700" → address and port. Port 0 and the wildcards *, 0.0.0.0 and :: are for
/// listening; send() refuses them. Host names are refused, not looked up. @throws Error(bad_argument).
[[nodiscard]] Endpoint parse_endpoint(const std::string& text);
[[nodiscard]] std::string format_endpoint(const std::string& ip, std::uint16_t port);

}  // namespace remit::control
