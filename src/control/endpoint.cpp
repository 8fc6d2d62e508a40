#include <remit/error.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "control/address.hpp"
#include "control/channel.hpp"

namespace remit::control {
namespace {

constexpr std::string_view kScheme = "tcp://";

/// What of a hostile or mistyped text goes into a message.
std::string shown(const std::string& text) {
    constexpr std::size_t kMost = 80;
    std::string result = text.substr(0, kMost);
    std::replace_if(
        result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    if (text.size() > kMost) result += "...";
    return result;
}

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
    throw Error(ErrorKind::bad_argument, "endpoint \"" + shown(text) + "\": " + why +
                                             "; permitted: tcp://ADDRESS:PORT with a numeric address, as in "
                                             "tcp://10.0.0.5:7700 or tcp://[fd00::5]:7700");
}

std::uint16_t port_of(const std::string& text, const std::string& digits) {
    unsigned value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (digits.empty() || stop != end || error != std::errc{} || value > 65535 || digits.size() > 5) {
        refuse(text, "port \"" + shown(digits) + "\" is no number from 0 to 65535");
    }
    return static_cast<std::uint16_t>(value);
}

/// Splits "[fd00::5]:7700" and "10.0.0.5:7700".
std::pair<std::string, std::string> split(const std::string& text, const std::string& rest) {
    if (!rest.empty() && rest.front() == '[') {
        const std::size_t close = rest.find("]:");
        if (close == std::string::npos) refuse(text, "\"[\" without \"]:\"");
        const std::string ip = rest.substr(1, close - 1);
        if (!is_ipv6(ip)) refuse(text, "\"" + shown(ip) + "\" is no IPv6 address");
        return {ip, rest.substr(close + 2)};
    }
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string::npos) refuse(text, "there is no port");
    const std::string ip = rest.substr(0, colon);
    if (ip.find(':') != std::string::npos) refuse(text, "an IPv6 address belongs in brackets");
    return {ip, rest.substr(colon + 1)};
}

}  // namespace

Endpoint parse_endpoint(const std::string& text) {
    if (text.compare(0, kScheme.size(), kScheme) != 0) refuse(text, "it does not begin with tcp://");
    const auto [ip, digits] = split(text, text.substr(kScheme.size()));
    if (ip.empty()) refuse(text, "there is no address");
    if (!is_wildcard_address(ip) && !is_numeric_address(ip)) {
        refuse(text, "\"" + shown(ip) + "\" is no numeric address (host names are not looked up)");
    }
    return {ip, port_of(text, digits)};
}

std::string format_endpoint(const std::string& ip, std::uint16_t port) {
    const std::string host = is_ipv6(ip) ? "[" + ip + "]" : ip;
    return std::string(kScheme) + host + ":" + std::to_string(port);
}

}  // namespace remit::control
