#pragma once

#include <string>

/// Numeric addresses. Names are never resolved: a look-up may block, and a return address must not depend on it.
namespace remit::control {

[[nodiscard]] bool is_numeric_address(const std::string& ip);
[[nodiscard]] bool is_ipv6(const std::string& ip);
/// 127.0.0.0/8, ::1, and the former written as an IPv6 address.
[[nodiscard]] bool is_loopback_address(const std::string& ip);
/// 0.0.0.0, :: and *: good to listen on, no address to tell anyone.
[[nodiscard]] bool is_wildcard_address(const std::string& ip);
/// "::ffff:10.0.0.1" → "10.0.0.1", "0::1" → "::1"; what is no address comes back as it is.
[[nodiscard]] std::string canonical_address(const std::string& ip);

}  // namespace remit::control
