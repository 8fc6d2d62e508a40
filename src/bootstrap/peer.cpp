#include "bootstrap/peer.hpp"

#include <remit/error.hpp>

#include <arpa/inet.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

namespace remit::bootstrap {
namespace {

constexpr std::string_view kScheme = "tcp://";
constexpr std::size_t kKeyCharacters = 40;
constexpr std::string_view kZ85Signs = ".-:+=^!/*?&<>()[]{}@%$#";

bool is_numeric(const std::string& ip) {
    in6_addr address{};
    return inet_pton(AF_INET, ip.c_str(), &address) == 1 || inet_pton(AF_INET6, ip.c_str(), &address) == 1;
}

bool is_key(std::string_view text) {
    return text.size() == kKeyCharacters && std::all_of(text.begin(), text.end(), [](char letter) {
               const bool digit = letter >= '0' && letter <= '9';
               const bool letters = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
               return digit || letters || kZ85Signs.find(letter) != std::string_view::npos;
           });
}

}  // namespace

std::string to_string(const RankId& rank) {
    return fmt::format("tp {}, dp {}, pp {}", rank.tp, rank.dp, rank.pp);
}

std::string endpoint_of(const Peer& peer) {
    const bool wide = peer.ip.find(':') != std::string::npos;
    return fmt::format("{}{}{}{}:{}", kScheme, wide ? "[" : "", peer.ip, wide ? "]" : "", peer.port);
}

Peer peer_at(std::string_view endpoint) {
    const auto refuse = [&](std::string_view why) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("endpoint \"{}\": {}; permitted: tcp://ADDRESS:PORT with a numeric address and a port "
                                "from 1 to 65535",
                                endpoint.substr(0, 80), why));
    };
    const std::size_t colon = endpoint.rfind(':');
    if (endpoint.substr(0, kScheme.size()) != kScheme || colon == std::string_view::npos || colon < kScheme.size()) {
        refuse("it has another form");
    }
    std::string_view host = endpoint.substr(kScheme.size(), colon - kScheme.size());
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    const std::string_view digits = endpoint.substr(colon + 1);
    Peer peer{std::string(host), 0, {}};
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), peer.port);
    if (error != std::errc{} || stop != digits.data() + digits.size()) refuse("its port is no number");
    if (const std::string fault = fault_of(peer); !fault.empty()) refuse(fault);
    return peer;
}

std::string fault_of(const Peer& peer) {
    if (!is_numeric(peer.ip)) {
        return fmt::format("the address \"{}\" is not numeric", std::string_view(peer.ip).substr(0, 80));
    }
    if (peer.port == 0) return "the port is 0";
    if (!peer.public_key.empty() && !is_key(peer.public_key)) return "the public key is not 40 characters of Z85";
    return {};
}

}  // namespace remit::bootstrap
