#include "bootstrap/url.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace remit::bootstrap {
namespace {

constexpr std::size_t kMostHost = 253;
constexpr std::size_t kMostPath = 200;

bool is_plain(char letter, std::string_view signs) {
    const bool letters = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    return letters || (letter >= '0' && letter <= '9') || signs.find(letter) != std::string_view::npos;
}

bool is_host(std::string_view host) {
    const bool size = !host.empty() && host.size() <= kMostHost;
    return size && std::all_of(host.begin(), host.end(), [](char letter) { return is_plain(letter, ".-_:"); });
}

bool is_path(std::string_view path) {
    return path.size() <= kMostPath &&
           std::all_of(path.begin(), path.end(), [](char letter) { return is_plain(letter, ".-_/"); });
}

/// Host and port, or false.
bool split_authority(std::string_view text, Url& url) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (!bracketed && host.find(':') != std::string_view::npos) return false;
    const std::string_view digits = text.substr(colon + 1);
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, url.port);
    url.host = host;
    return is_host(host) && !digits.empty() && stop == end && error == std::errc{};
}

}  // namespace

std::string Url::authority() const {
    const bool wide = host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", wide ? "[" : "", host, wide ? "]" : "", port);
}

Url url_of(const std::string& text) {
    Url url;
    std::string_view rest = text;
    const std::size_t slashes = rest.find("://");
    bool good = slashes != std::string_view::npos;
    if (good) {
        url.scheme = rest.substr(0, slashes);
        rest = rest.substr(slashes + 3);
        const std::size_t slash = rest.find('/');
        good = split_authority(rest.substr(0, slash), url) && url.port != 0;
        std::string_view path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
        while (!path.empty() && path.back() == '/') path.remove_suffix(1);
        good = good && is_path(path);
        url.path = path;
    }
    if (good) return url;
    throw Error(ErrorKind::bad_argument, fmt::format("address \"{}\" has another form; permitted: SCHEME://HOST:PORT, with "
                                                     "/PATH of letters, digits and .-_/ where it takes one",
                                                     text.substr(0, 80)));
}

Url listen_address_of(const std::string& text) {
    Url url;
    if (split_authority(text, url)) return url;
    throw Error(ErrorKind::bad_argument,
                fmt::format("address \"{}\" has another form; permitted: HOST:PORT or [ADDRESS]:PORT, port 0 for any free one",
                            text.substr(0, 80)));
}

}  // namespace remit::bootstrap
