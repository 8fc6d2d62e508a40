#include <remit/error.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <zmq.hpp>

#include "base/complaints.hpp"
#include "base/log.hpp"
#include "control/address.hpp"
#include "control/channel.hpp"
#include "control/gatekeeper.hpp"
#include "control/keys.hpp"
#include "control/uninterrupted.hpp"
#include "control/zmq_sockets.hpp"

namespace remit::control {
namespace {

// A thousand peers with a socket each, and as many again that linger after forget().
constexpr int kMaxSockets = 8192;
// Messages dropped in a row before receive() returns to let its caller look at the clock.
constexpr int kMostDroppedAtOnce = 256;

/// What KeyOptions name, read and checked.
struct Keys {
    explicit Keys(const KeyOptions& options)
        : own(read_secret_key(options.secret_key_file)),
          server(options.server_key_file.empty() ? "" : read_public_key(options.server_key_file)) {}

    KeyPair own;
    std::string server;
};

std::optional<Keys> read_keys(const KeyOptions& options) {
    if (options.secret_key_file.empty()) return std::nullopt;
    return Keys(options);
}

class ZmqChannel final : public Channel {
public:
    ZmqChannel(const ChannelOptions& options, const Endpoint& endpoint)
        : options_(options),
          ip_(canonical_address(options.advertise.empty() ? endpoint.ip : options.advertise)),
          keys_(read_keys(options.keys)),
          context_(make_context()) {
        if (keys_) gatekeeper_.emplace(context_, AllowedKeys(options.keys.allowed_keys, keys_->server));
        pull_ = make_pull(context_, options, endpoint, keys_ ? std::optional(keys_->own) : std::nullopt);
        if (gatekeeper_) gatekeeper_->watch(pull_);
        bind_pull(pull_, endpoint);
        descriptor_ = pull_.get(zmq::sockopt::fd);
        port_ = bound_port(pull_);
        if (keys_) log().info("control channel: encrypted, public key {}", keys_->own.public_key);
    }

    const std::string& ip() const noexcept override { return ip_; }
    std::uint16_t port() const noexcept override { return port_; }
    bool drained() const noexcept override { return drained_; }
    int descriptor() const noexcept override { return descriptor_; }
    ChannelCounters counters() const noexcept override;

    SendResult send(const Peer& peer, const Frames& frames) override;
    void forget(const Peer& peer) override { peers_.erase(peer); }
    using Channel::receive;
    bool receive(Received& message) override;

private:
    static zmq::context_t make_context();
    [[nodiscard]] bool may_reach(const Peer& peer) const;
    zmq::socket_t* socket_of(const Peer& peer);
    SendResult write(zmq::socket_t& socket, const Frames& frames);
    [[nodiscard]] bool take(zmq::message_t& frame);
    bool read_message(zmq::message_t first, Received& result);
    void drop(std::uint64_t& counter, const Received& message, const char* what);

    const ChannelOptions options_;
    const std::string ip_;
    const std::optional<Keys> keys_;
    zmq::context_t context_;                // before the sockets: it is closed after them
    std::optional<Gatekeeper> gatekeeper_;  // before the socket that it guards
    zmq::socket_t pull_;
    int descriptor_ = -1;   // edge-triggered: silent while messages wait that it has told of
    bool drained_ = false;
    std::uint16_t port_ = 0;
    std::map<Peer, zmq::socket_t> peers_;
    ChannelCounters counters_;
    Complaints complaints_;
};

ChannelCounters ZmqChannel::counters() const noexcept {
    ChannelCounters counters = counters_;
    if (!gatekeeper_) return counters;
    counters.denied_keys = gatekeeper_->denied_keys();
    counters.failed_handshakes = gatekeeper_->failed_handshakes();
    return counters;
}

zmq::context_t ZmqChannel::make_context() {
    zmq::context_t context(1);
    context.set(zmq::ctxopt::max_sockets, kMaxSockets);
    return context;
}

bool ZmqChannel::may_reach(const Peer& peer) const {
    if (peer.port == 0 || !is_numeric_address(peer.ip) || is_wildcard_address(peer.ip)) return false;
    if (keys_) return is_key(peer.key.empty() ? keys_->server : peer.key);
    return options_.insecure || is_loopback_address(peer.ip);
}

zmq::socket_t* ZmqChannel::socket_of(const Peer& peer) {
    const auto known = peers_.find(peer);
    if (known != peers_.end()) return &known->second;
    if (!may_reach(peer)) return nullptr;
    try {
        std::optional<PeerKeys> keys;
        if (keys_) keys.emplace(PeerKeys{keys_->own, peer.key.empty() ? keys_->server : peer.key});
        const auto connect = [&] { return connect_push(context_, options_, {peer.ip, peer.port}, keys); };
        return &peers_.emplace(peer, uninterrupted(connect)).first->second;
    } catch (const zmq::error_t& error) {
        log().warn("control channel: no connection to {}: {}", format_endpoint(peer.ip, peer.port), error.what());
        return nullptr;
    }
}

SendResult ZmqChannel::send(const Peer& peer, const Frames& frames) {
    if (frames.empty() || frames.size() > kMaxFrames) {
        throw Error(ErrorKind::misuse, "control channel: a message of " + std::to_string(frames.size()) +
                                           " frames; permitted: 1 to " + std::to_string(kMaxFrames));
    }
    std::uint64_t bytes = 0;
    for (const std::string& frame : frames) bytes += frame.size();
    if (bytes > options_.max_message_bytes) {
        ++counters_.too_large;
        return SendResult::too_large;
    }
    zmq::socket_t* const socket = socket_of(peer);
    const SendResult result = socket == nullptr ? SendResult::unreachable : write(*socket, frames);
    if (result == SendResult::overflow) ++counters_.overflows;
    if (result == SendResult::unreachable) ++counters_.unreachable;
    return result;
}

SendResult ZmqChannel::write(zmq::socket_t& socket, const Frames& frames) {
    try {
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const bool last = i + 1 == frames.size();
            const auto flags = last ? zmq::send_flags::dontwait : zmq::send_flags::dontwait | zmq::send_flags::sndmore;
            // The limit counts whole messages, so only a first frame is ever refused and no torn message is left.
            const auto sent = uninterrupted([&] { return socket.send(zmq::buffer(frames[i]), flags); });
            if (!sent) return SendResult::overflow;
        }
    } catch (const zmq::error_t& error) {
        log().warn("control channel: send failed: {}", error.what());
        return SendResult::unreachable;
    }
    return SendResult::queued;
}

bool ZmqChannel::take(zmq::message_t& frame) {
    return uninterrupted([&] { return pull_.recv(frame, zmq::recv_flags::dontwait).has_value(); });
}

bool ZmqChannel::receive(Received& message) {
    for (int dropped = 0; dropped < kMostDroppedAtOnce; ++dropped) {
        zmq::message_t first;
        // While there was something ZeroMQ owes us no second wake-up: only a look that has found nothing brings one.
        drained_ = !take(first);
        if (drained_) return false;
        if (read_message(std::move(first), message)) {
            ++counters_.received;
            return true;
        }
    }
    return false;
}

/// What ZeroMQ knows of the connection that a message came from.
void read_property(zmq::message_t& message, const char* name, std::string& out) {
    try {
        out = message.gets(name);
    } catch (const zmq::error_t&) {
        out.clear();
    }
}

/// Takes every frame of the message, so that the next one starts at its start, and keeps what is within the limits.
bool ZmqChannel::read_message(zmq::message_t frame, Received& result) {
    read_property(frame, "Peer-Address", result.sender);
    result.sender = canonical_address(result.sender);
    result.key.clear();
    if (keys_) read_property(frame, "User-Id", result.key);
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    for (;;) {
        ++count;
        bytes += frame.size();
        if (count <= kMaxFrames && bytes <= options_.max_message_bytes) {
            if (result.frames.size() < count) result.frames.emplace_back();
            result.frames[count - 1].assign(static_cast<const char*>(frame.data()), frame.size());
        } else {
            result.frames.clear();
        }
        if (!frame.more()) break;
        // ZeroMQ hands out a message only when all of it is there.
        if (!take(frame)) break;
    }
    if (count > kMaxFrames) {
        drop(counters_.too_many_frames, result, "too many frames");
        return false;
    }
    if (bytes > options_.max_message_bytes) {
        drop(counters_.too_many_bytes, result, "too many bytes");
        return false;
    }
    result.frames.resize(count);
    return true;
}

void ZmqChannel::drop(std::uint64_t& counter, const Received& message, const char* what) {
    ++counter;
    complaints_.warn(what, message.sender,
                     std::string("control channel: dropped a message of ") + what + " from " +
                         (message.sender.empty() ? "an unknown sender" : message.sender) + " (" +
                         std::to_string(counter) + " so far)");
}

void check_limits(const ChannelOptions& options) {
    constexpr std::uint32_t kMost = static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
    const auto check = [](const char* name, std::uint32_t value, std::uint32_t least) {
        if (value >= least && value <= kMost) return;
        throw Error(ErrorKind::bad_argument, std::string("control channel: ") + name + " " + std::to_string(value) +
                                                 "; permitted: " + std::to_string(least) + " to " +
                                                 std::to_string(kMost));
    };
    check("outbox", options.outbox, 1);
    check("linger_ms", options.linger_ms, 0);
    check("handshake_ms", options.handshake_ms, 1);
    check("max_message_bytes", options.max_message_bytes, 256);
}

void check_advertise(const ChannelOptions& options, const Endpoint& endpoint) {
    const std::string& told = options.advertise;
    if (!told.empty() && (!is_numeric_address(told) || is_wildcard_address(told))) {
        throw Error(ErrorKind::bad_argument, "advertise \"" + told.substr(0, 80) +
                                                 "\"; permitted: a numeric address that peers can reach, as in "
                                                 "10.0.0.5 or fd00::5");
    }
    if (told.empty() && is_wildcard_address(endpoint.ip)) {
        throw Error(ErrorKind::bad_argument, "listening on " + format_endpoint(endpoint.ip, endpoint.port) +
                                                 " leaves open which address peers should answer to: listen on one "
                                                 "address, or set advertise to the one they can reach");
    }
}

void check_keys(const KeyOptions& keys) {
    const bool names_peers = !keys.server_key_file.empty() || !keys.allowed_keys.empty();
    if (keys.secret_key_file.empty() && names_peers) {
        throw Error(
            ErrorKind::bad_argument,
            "keys of peers are given and none of our own: set keys.secret_key_file, which \"remit keygen\" makes");
    }
    if (!keys.secret_key_file.empty() && !names_peers) {
        throw Error(ErrorKind::bad_argument,
                    "a key of our own is given and none of any peer, so that nobody could connect: set "
                    "keys.allowed_keys, or keys.server_key_file at a language worker");
    }
}

void check_exposure(const ChannelOptions& options, const Endpoint& endpoint) {
    const bool keys = !options.keys.secret_key_file.empty();
    if (keys || options.insecure || is_loopback_address(endpoint.ip)) return;
    throw Error(
        ErrorKind::bad_argument,
        "listening on " + format_endpoint(endpoint.ip, endpoint.port) +
            " lets anyone who reaches that address send requests: give keys, or say --insecure (insecure = true) "
            "where the network is trusted");
}

}  // namespace

std::unique_ptr<Channel> open_zmq(const ChannelOptions& options) {
    const Endpoint endpoint = parse_endpoint(options.listen);
    check_limits(options);
    check_advertise(options, endpoint);
    check_keys(options.keys);
    check_exposure(options, endpoint);
    try {
        return std::make_unique<ZmqChannel>(options, endpoint);
    } catch (const zmq::error_t& error) {
        throw Error(ErrorKind::environment, std::string("control channel: ") + error.what() +
                                                "; where descriptors ran out, raise the limit with: ulimit -n 65536");
    }
}

}  // namespace remit::control
