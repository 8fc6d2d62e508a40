#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

/// Addresses as the GID table shows them. Pure functions.
namespace remit::fabric::verbs {

using Gid = std::array<std::uint8_t, 16>;

/// "::ffff:10.77.0.1", "fe80::5054:ff:fe12:3456".
[[nodiscard]] std::string to_text(const Gid& gid);

/// The GID that embeds an IP address: IPv4 mapped into IPv6, IPv6 as it is (a scope "%eth0" is cut off).
/// Nothing for the empty text and for the wildcards 0.0.0.0, :: and *. @throws Error(bad_argument) for other text.
[[nodiscard]] std::optional<Gid> gid_of_ip(const std::string& ip);

[[nodiscard]] bool is_zero(const Gid& gid) noexcept;
[[nodiscard]] bool is_ipv4_mapped(const Gid& gid) noexcept;

/// May be reached beyond its own link: neither link-local (169.254/16, fe80::/10), loopback, multicast nor unspecified.
[[nodiscard]] bool is_routable(const Gid& gid) noexcept;

}  // namespace remit::fabric::verbs
