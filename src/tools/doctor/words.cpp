#include "tools/doctor/words.hpp"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <sstream>

namespace remit::tools::doctor {
namespace {

constexpr std::string_view kWhite = " \t\r\n\v\f\0";

}  // namespace

std::string trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kWhite);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(kWhite) - begin + 1));
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

std::vector<std::string> words_of(std::string_view text) {
    std::istringstream stream{std::string(text)};
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(std::move(word));
    return words;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (hexadecimal) text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    return result.ec == std::errc() ? std::optional(value) : std::nullopt;
}

std::string list_of(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (unit + 1 < std::size(kUnits) && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        ++unit;
    }
    if (bytes < 100000) return fmt::format("{} {}", bytes, kUnits[unit]);
    // No whole number of the larger unit: rounded down.
    while (unit + 1 < std::size(kUnits) && bytes >= 10240) {
        bytes /= 1024;
        ++unit;
    }
    return fmt::format("about {} {}", bytes, kUnits[unit]);
}

std::optional<KernelRelease> kernel_release_of(std::string_view text) {
    const auto major = number_in(text);
    const std::size_t dot = text.find('.');
    if (!major || dot == std::string_view::npos) return std::nullopt;
    const auto minor = number_in(text.substr(dot + 1));
    if (!minor) return std::nullopt;
    return KernelRelease{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

}  // namespace remit::tools::doctor
