#include "fabric/verbs/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <remit/error.hpp>

#include <algorithm>
#include <cstring>

namespace remit::fabric::verbs {

std::string to_text(const Gid& gid) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return ::inet_ntop(AF_INET6, gid.data(), text.data(), text.size());
}

std::optional<Gid> gid_of_ip(const std::string& ip) {
    if (ip.empty() || ip == "*") return std::nullopt;
    Gid gid{};
    in_addr v4{};
    if (::inet_pton(AF_INET, ip.c_str(), &v4) == 1) {
        if (v4.s_addr == 0) return std::nullopt;
        gid[10] = gid[11] = 0xff;
        std::memcpy(&gid[12], &v4, 4);
        return gid;
    }
    const std::string without_scope = ip.substr(0, ip.find('%'));
    if (::inet_pton(AF_INET6, without_scope.c_str(), gid.data()) != 1) {
        throw Error(ErrorKind::bad_argument,
                    "local_ip \"" + ip + "\" is neither an IPv4 nor an IPv6 address: give a number such as 10.0.0.5");
    }
    if (is_zero(gid)) return std::nullopt;
    return gid;
}

bool is_zero(const Gid& gid) noexcept {
    return std::all_of(gid.begin(), gid.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_ipv4_mapped(const Gid& gid) noexcept {
    return std::all_of(gid.begin(), gid.begin() + 10, [](std::uint8_t byte) { return byte == 0; }) && gid[10] == 0xff &&
           gid[11] == 0xff;
}

bool is_routable(const Gid& gid) noexcept {
    if (is_ipv4_mapped(gid)) {
        const bool link_local = gid[12] == 169 && gid[13] == 254;
        return gid[12] != 0 && gid[12] != 127 && gid[12] < 224 && !link_local;
    }
    const bool link_local = gid[0] == 0xfe && (gid[1] & 0xc0) == 0x80;
    const bool loopback_or_zero =
        std::all_of(gid.begin(), gid.begin() + 15, [](std::uint8_t byte) { return byte == 0; }) && gid[15] <= 1;
    return !link_local && gid[0] != 0xff && !loopback_or_zero;
}

}  // namespace remit::fabric::verbs
