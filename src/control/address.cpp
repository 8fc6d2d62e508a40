#include "control/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <optional>

namespace remit::control {
namespace {

std::optional<in_addr> ipv4_of(const std::string& ip) {
    in_addr address{};
    if (inet_pton(AF_INET, ip.c_str(), &address) != 1) return std::nullopt;
    return address;
}

std::optional<in6_addr> ipv6_of(const std::string& ip) {
    in6_addr address{};
    if (inet_pton(AF_INET6, ip.c_str(), &address) != 1) return std::nullopt;
    return address;
}

/// The IPv4 address that `::ffff:a.b.c.d` stands for.
std::optional<in_addr> mapped_ipv4(const in6_addr& address) {
    if (!IN6_IS_ADDR_V4MAPPED(&address)) return std::nullopt;
    in_addr inner{};
    std::memcpy(&inner, address.s6_addr + 12, sizeof inner);
    return inner;
}

std::optional<in_addr> as_ipv4(const std::string& ip) {
    if (const auto plain = ipv4_of(ip)) return plain;
    if (const auto wide = ipv6_of(ip)) return mapped_ipv4(*wide);
    return std::nullopt;
}

/// An embedded zero byte would end the text early for inet_pton and hide what follows.
bool has_zero_byte(const std::string& ip) {
    return ip.find('\0') != std::string::npos;
}

}  // namespace

bool is_numeric_address(const std::string& ip) {
    return !has_zero_byte(ip) && (ipv4_of(ip) || ipv6_of(ip));
}

bool is_ipv6(const std::string& ip) {
    return !has_zero_byte(ip) && ipv6_of(ip).has_value();
}

bool is_loopback_address(const std::string& ip) {
    if (has_zero_byte(ip)) return false;
    if (const auto v4 = as_ipv4(ip)) return (ntohl(v4->s_addr) >> 24) == 127;
    const auto v6 = ipv6_of(ip);
    return v6 && IN6_IS_ADDR_LOOPBACK(&*v6);
}

bool is_wildcard_address(const std::string& ip) {
    if (ip == "*") return true;
    if (has_zero_byte(ip)) return false;
    if (const auto v4 = as_ipv4(ip)) return v4->s_addr == htonl(INADDR_ANY);
    const auto v6 = ipv6_of(ip);
    return v6 && IN6_IS_ADDR_UNSPECIFIED(&*v6);
}

std::string canonical_address(const std::string& ip) {
    if (has_zero_byte(ip)) return ip;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (const auto v4 = as_ipv4(ip)) {
        inet_ntop(AF_INET, &*v4, text.data(), text.size());
        return text.data();
    }
    if (const auto v6 = ipv6_of(ip)) {
        inet_ntop(AF_INET6, &*v6, text.data(), text.size());
        return text.data();
    }
    return ip;
}

}  // namespace remit::control
