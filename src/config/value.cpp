#include "config/value.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace remit::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

// Largest first.
constexpr std::array<Unit, 4> kSizes{{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};
constexpr std::array<Unit, 5> kDurations{
    {{"h", 3'600'000'000}, {"min", 60'000'000}, {"s", 1'000'000}, {"ms", 1000}, {"us", 1}}};

/// The number in front of a unit, and the unit.
std::optional<std::pair<std::int64_t, std::string_view>> split(std::string_view text) {
    std::int64_t count = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0) return std::nullopt;
    return std::pair(count, text.substr(static_cast<std::size_t>(stop - text.data())));
}

template <std::size_t Size>
std::optional<std::int64_t> in_units(std::string_view text, const std::array<Unit, Size>& units, bool bare) {
    const auto parts = split(text);
    if (!parts) return std::nullopt;
    const auto [count, name] = *parts;
    if (name.empty() && bare) return count;
    for (const Unit& unit : units) {
        if (unit.name == name && count <= kUnbounded / unit.factor) return count * unit.factor;
    }
    return std::nullopt;
}

template <std::size_t Size>
std::string text_of(std::int64_t count, const std::array<Unit, Size>& units) {
    for (const Unit& unit : units) {
        if (count != 0 && count % unit.factor == 0) return std::to_string(count / unit.factor) + std::string(unit.name);
    }
    return std::to_string(count) + std::string(units.back().name);
}

template <typename Number>
std::optional<Number> whole(std::string_view text) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || stop != end || error != std::errc{}) return std::nullopt;
    return value;
}

}  // namespace

std::string_view to_string(Kind kind) noexcept {
    switch (kind) {
        case Kind::boolean: return "boolean";
        case Kind::integer: return "integer";
        case Kind::size: return "size";
        case Kind::duration: return "duration";
        case Kind::number: return "number";
        case Kind::choice: return "choice";
        case Kind::text: return "text";
        case Kind::list: return "list";
    }
    return "?";
}

std::optional<bool> boolean_of(std::string_view text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return std::nullopt;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
    return whole<std::int64_t>(text);
}

std::optional<std::int64_t> bytes_of(std::string_view text) {
    return in_units(text, kSizes, true);
}

std::optional<std::int64_t> microseconds_of(std::string_view text) {
    return in_units(text, kDurations, false);
}

std::optional<double> number_of(std::string_view text) {
    return whole<double>(text);
}

std::optional<std::vector<std::string>> list_of(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        items.emplace_back(text.substr(0, comma));
        if (items.back().empty() || comma + 1 == text.size()) return std::nullopt;
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return items;
}

std::string bytes_text(std::int64_t bytes) {
    return text_of(bytes, kSizes);
}

std::string duration_text(std::int64_t microseconds) {
    return text_of(microseconds, kDurations);
}

}  // namespace remit::config
