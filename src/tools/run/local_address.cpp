#include "tools/run/local_address.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>

namespace remit::tools {
namespace {

constexpr const char* kLoopback = "tcp://127.0.0.1:0";

/// "tcp://[fd00::5]:7700" → "fd00::5".
std::string host_of(const std::string& endpoint) {
    const std::size_t begin = endpoint.rfind("tcp://", 0) == 0 ? 6 : 0;
    const std::size_t colon = endpoint.rfind(':');
    if (colon == std::string::npos || colon < begin) return {};
    std::string host = endpoint.substr(begin, colon - begin);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    return host;
}

/// A UDP socket that is connected sends nothing, but the kernel has then chosen the address it would send from.
std::optional<std::string> source_address(const addrinfo& peer) {
    const int udp = socket(peer.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (udp < 0) return std::nullopt;
    sockaddr_storage local{};
    socklen_t length = sizeof local;
    auto* const address = reinterpret_cast<sockaddr*>(&local);
    const bool known = connect(udp, peer.ai_addr, peer.ai_addrlen) == 0 && getsockname(udp, address, &length) == 0;
    close(udp);
    std::array<char, NI_MAXHOST> host{};
    const auto size = static_cast<socklen_t>(host.size());
    if (!known || getnameinfo(address, length, host.data(), size, nullptr, 0, NI_NUMERICHOST) != 0) return std::nullopt;
    return host.data();
}

}  // namespace

std::string listen_towards(const std::string& endpoint) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const std::string host = host_of(endpoint);
    if (host.empty() || getaddrinfo(host.c_str(), "9", &hints, &found) != 0) return kLoopback;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    const auto address = source_address(*found);
    if (!address) return kLoopback;
    const bool wide = address->find(':') != std::string::npos;
    return "tcp://" + (wide ? "[" + *address + "]" : *address) + ":0";
}

}  // namespace remit::tools
