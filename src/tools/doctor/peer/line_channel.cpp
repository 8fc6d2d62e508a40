#include "tools/doctor/peer/line_channel.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

using Clock = std::chrono::steady_clock;
using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

std::string words_for(int error) {
    return fmt::format("{} ({})", std::generic_category().message(error), error);
}

std::string numeric(const sockaddr_storage& address, socklen_t length) {
    std::array<char, NI_MAXHOST> host{};
    const auto* const general = reinterpret_cast<const sockaddr*>(&address);
    const auto size = static_cast<socklen_t>(host.size());
    if (::getnameinfo(general, length, host.data(), size, nullptr, 0, NI_NUMERICHOST) != 0) return "";
    const std::string text = host.data();
    // An IPv4 peer of a socket that listens for both.
    return text.starts_with("::ffff:") && text.find('.') != std::string::npos ? text.substr(7) : text;
}

Addresses look_up(const HostPort& peer, int flags, std::string& reason) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(peer.host.c_str(), std::to_string(peer.port).c_str(), &hints, &found);
    if (error != 0) reason = peer.host + ": " + ::gai_strerror(error);
    return {error == 0 ? found : nullptr, &freeaddrinfo};
}

/// 0 or errno.
int connect_within(int socket, const addrinfo& address, std::chrono::milliseconds time) {
    if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd wait{socket, POLLOUT, 0};
    if (::poll(&wait, 1, static_cast<int>(time.count())) <= 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

void LineChannel::send(const std::string& line) {
    const std::string whole = line + "\n";
    for (std::size_t sent = 0; sent < whole.size();) {
        const auto got = ::send(socket_.get(), whole.data() + sent, whole.size() - sent, MSG_NOSIGNAL);
        if (got > 0) {
            sent += static_cast<std::size_t>(got);
            continue;
        }
        pollfd wait{socket_.get(), POLLOUT, 0};
        const bool full = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        if (full && ::poll(&wait, 1, 5000) > 0) continue;
        throw Error(ErrorKind::environment, "the doctor at the other end takes nothing: " + words_for(errno));
    }
}

std::string LineChannel::receive(std::chrono::milliseconds time, const Stop& stop) {
    const auto deadline = Clock::now() + time;
    for (;;) {
        if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        if (buffer_.size() > kMostBytes) {
            throw Error(ErrorKind::environment,
                        fmt::format("the other end sent a line of more than {} bytes: is it a remit "
                                    "doctor of this version?",
                                    kMostBytes));
        }
        if (stop.requested()) throw Error(ErrorKind::environment, "interrupted");
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) {
            throw Error(ErrorKind::environment,
                        fmt::format("the doctor at the other end said nothing for {} s", time.count() / 1000));
        }
        const std::array<int, 1> descriptors{socket_.get()};
        stop.wait(descriptors, std::min(left, std::chrono::milliseconds(500)));
        std::array<char, 4096> part{};
        const auto got = ::recv(socket_.get(), part.data(), part.size(), MSG_DONTWAIT);
        if (got > 0) {
            buffer_.append(part.data(), static_cast<std::size_t>(got));
        } else if (got == 0) {
            throw Error(ErrorKind::environment, "the doctor at the other end has gone");
        } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            throw Error(ErrorKind::environment, "the connection to the other end broke: " + words_for(errno));
        }
    }
}

std::string LineChannel::own_address() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const bool known = ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0;
    return known ? numeric(address, length) : "";
}

std::string LineChannel::peer_address() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const bool known = ::getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0;
    return known ? numeric(address, length) : "";
}

std::optional<HostPort> host_port_of(std::string text, std::uint16_t default_port) {
    if (text.starts_with("tcp://")) text.erase(0, 6);
    std::string host = text;
    std::string port;
    if (text.starts_with("[")) {
        const std::size_t close = text.find(']');
        if (close == std::string::npos) return std::nullopt;
        host = text.substr(1, close - 1);
        const std::string rest = text.substr(close + 1);
        if (!rest.empty() && (rest.front() != ':' || rest.size() == 1)) return std::nullopt;
        port = rest.empty() ? "" : rest.substr(1);
    } else if (const std::size_t colon = text.find(':'); colon != std::string::npos && colon == text.rfind(':')) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        if (port.empty()) return std::nullopt;
    }
    if (host.empty()) return std::nullopt;
    if (port.empty()) return HostPort{host, default_port};
    const bool digits = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto number = digits ? number_in(port) : std::nullopt;
    // Transfers take the two ports behind it.
    if (!number || *number == 0 || *number > 65533) return std::nullopt;
    return HostPort{host, static_cast<std::uint16_t>(*number)};
}

Reached connect_to(const HostPort& peer, std::chrono::milliseconds time) {
    Reached reached;
    const Addresses addresses = look_up(peer, 0, reached.reason);
    for (const addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
        Descriptor socket(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        reached.error = socket.valid() ? connect_within(socket.get(), *one, time) : errno;
        if (reached.error == 0) {
            reached.channel.emplace(std::move(socket));
            return reached;
        }
        reached.reason = words_for(reached.error);
    }
    return reached;
}

LineChannel accept_one(const HostPort& at, const Stop& stop) {
    std::string reason;
    const Addresses addresses = look_up(at, AI_PASSIVE | AI_NUMERICHOST, reason);
    if (!addresses) throw Error(ErrorKind::bad_argument, "option --listen: " + reason + ": give a numeric address");
    const addrinfo& address = *addresses;
    const Descriptor listener(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int yes = 1;
    const bool ready =
        listener.valid() && ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        ::bind(listener.get(), address.ai_addr, address.ai_addrlen) == 0 && ::listen(listener.get(), 1) == 0;
    if (!ready) {
        throw Error(ErrorKind::environment,
                    fmt::format("option --listen: cannot listen at {} port {}: {}; name an address of "
                                "this machine and a free port",
                                at.host, at.port, words_for(errno)));
    }
    while (!stop.requested()) {
        const std::array<int, 1> descriptors{listener.get()};
        stop.wait(descriptors, std::chrono::milliseconds(500));
        Descriptor peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (peer.valid()) return LineChannel(std::move(peer));
    }
    throw Error(ErrorKind::environment, "interrupted before a peer came");
}

}  // namespace remit::tools::doctor
