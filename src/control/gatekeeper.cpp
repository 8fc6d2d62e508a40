#include "control/gatekeeper.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <remit/error.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/keys.hpp"
#include "control/uninterrupted.hpp"

namespace remit::control {
namespace {

constexpr const char* kRequests = "inproc://zeromq.zap.01";
constexpr const char* kEvents = "inproc://remit.handshakes";
constexpr int kWatched = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;

/// version, request id, domain, address, identity, mechanism, credentials: by RFC 27.
struct Request {
    std::string id;
    std::string address;
    std::optional<std::string> key;  ///< of a CURVE handshake
};

std::vector<std::string> take_message(zmq::socket_t& socket) {
    std::vector<std::string> frames;
    for (bool more = true; more;) {
        zmq::message_t frame;
        const auto taken = uninterrupted([&] { return socket.recv(frame, zmq::recv_flags::dontwait); });
        if (!taken) break;
        frames.push_back(frame.to_string());
        more = frame.more();
    }
    return frames;
}

Request parse(const std::vector<std::string>& frames) {
    Request request;
    if (frames.size() > 1) request.id = frames[1];
    if (frames.size() > 3) request.address = frames[3];
    const bool curve = frames.size() == 7 && frames[0] == "1.0" && frames[5] == "CURVE" && frames[6].size() == 32;
    if (curve) request.key = key_text(frames[6]);
    return request;
}

}  // namespace

Gatekeeper::Gatekeeper(zmq::context_t& context, AllowedKeys allowed)
    : allowed_(std::move(allowed)),
      requests_(context, zmq::socket_type::rep),
      events_(context, zmq::socket_type::pair) {
    requests_.set(zmq::sockopt::linger, 0);
    events_.set(zmq::sockopt::linger, 0);
    requests_.bind(kRequests);
    stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_ < 0) {
        throw Error(ErrorKind::environment, std::string("eventfd: ") + std::strerror(errno) + "; raise `ulimit -n`");
    }
    // Connected before there is anything to watch: inproc waits for the other end.
    events_.connect(kEvents);
    thread_ = std::thread([this] { run(); });
}

Gatekeeper::~Gatekeeper() {
    const std::uint64_t one = 1;
    static_cast<void>(!write(stop_, &one, sizeof one));
    thread_.join();
    close(stop_);
}

void Gatekeeper::watch(zmq::socket_t& socket) {
    if (zmq_socket_monitor(socket.handle(), kEvents, kWatched) != 0) throw zmq::error_t();
}

void Gatekeeper::run() {
    std::array<zmq_pollitem_t, 3> items{{{requests_.handle(), 0, ZMQ_POLLIN, 0},
                                         {events_.handle(), 0, ZMQ_POLLIN, 0},
                                         {nullptr, stop_, ZMQ_POLLIN, 0}}};
    while ((items[2].revents & ZMQ_POLLIN) == 0) {
        if (zmq_poll(items.data(), static_cast<int>(items.size()), -1) < 0) {
            if (zmq_errno() == EINTR) continue;
            return;  // the context is going
        }
        if ((items[0].revents & ZMQ_POLLIN) != 0) answer();
        if ((items[1].revents & ZMQ_POLLIN) != 0) take_event();
    }
}

void Gatekeeper::answer() {
    const std::vector<std::string> frames = take_message(requests_);
    if (frames.empty()) return;
    const Request request = parse(frames);
    const bool admitted = request.key && allowed_.admits(*request.key, AllowedKeys::Clock::now());
    if (!admitted) {
        denied_keys_.fetch_add(1, std::memory_order_relaxed);
        complaints_.warn("denied", request.address,
                         "control channel: refused " + request.address + ": its key " + request.key.value_or("(none)") +
                             " is not among the allowed ones");
    }
    // The user id is what a message's "User-Id" names: the key that its connection has proved.
    const std::string user = admitted ? *request.key : "";
    // 300, "not now": the connection is left to the handshake's time, then the peer's ZeroMQ tries again, and is heard
    // once its key is allowed. After 400 it would never try again.
    const std::array<std::string, 6> reply{
        "1.0", request.id, admitted ? "200" : "300", admitted ? "OK" : "key not allowed", user, ""};
    for (std::size_t i = 0; i < reply.size(); ++i) {
        const auto flags = i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
        uninterrupted([&] { return requests_.send(zmq::buffer(reply[i]), flags); });
    }
}

void Gatekeeper::take_event() {
    if (take_message(events_).empty()) return;
    failed_handshakes_.fetch_add(1, std::memory_order_relaxed);
    complaints_.warn("handshake", "",
                     "control channel: a connection ended before it had shown a key: a peer without keys, with another "
                     "server key than ours, or no worker at all");
}

}  // namespace remit::control
