#include "config/key.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>

namespace remit::config {
namespace {

template <typename Item, typename Text>
std::string joined(const std::vector<Item>& items, const Text& text) {
    std::string all;
    for (const Item& item : items) all += (all.empty() ? "" : ", ") + text(item);
    return all;
}

std::string range_text(const std::string& least, const std::string& most, bool bounded) {
    return bounded ? least + " to " + most : least + " or more";
}

}  // namespace

std::string Key::permitted() const {
    const bool bounded = most != kUnbounded;
    switch (kind) {
        case Kind::boolean: return "true, false";
        case Kind::integer:
            if (!only.empty()) return joined(only, [](std::int64_t value) { return std::to_string(value); });
            return range_text(std::to_string(least), std::to_string(most), bounded);
        case Kind::size: return range_text(bytes_text(least), bytes_text(most), bounded);
        case Kind::duration:
            return range_text(duration_text(least), duration_text(most), bounded) +
                   (step == 1 ? "" : " in multiples of " + duration_text(step));
        case Kind::number: return fmt::format("{} to {}", least_number, most_number);
        case Kind::choice: return joined(names, [](const auto& one) { return one.first; });
        case Kind::text:
        case Kind::list: return allowed;
    }
    return "?";
}

bool Key::permits(const Value& value) const {
    switch (kind) {
        case Kind::boolean:
        case Kind::text:
        case Kind::list: return true;
        case Kind::integer:
        case Kind::size:
        case Kind::duration: {
            const std::int64_t count = std::get<std::int64_t>(value);
            if (!only.empty()) return std::find(only.begin(), only.end(), count) != only.end();
            return count >= least && count <= most && count % step == 0;
        }
        case Kind::number: {
            const double number = std::get<double>(value);
            return number >= least_number && number <= most_number;
        }
        case Kind::choice:
            return std::any_of(names.begin(), names.end(),
                               [&](const auto& one) { return one.second == std::get<std::int64_t>(value); });
    }
    return false;
}

std::optional<Value> Key::parse(std::string_view text) const {
    const auto taken = [this](const auto& parsed) -> std::optional<Value> {
        if (!parsed || !permits(Value(*parsed))) return std::nullopt;
        return Value(*parsed);
    };
    switch (kind) {
        case Kind::boolean: return taken(boolean_of(text));
        case Kind::integer: return taken(integer_of(text));
        case Kind::size: return taken(bytes_of(text));
        case Kind::duration: return taken(microseconds_of(text));
        case Kind::number: return taken(number_of(text));
        case Kind::choice:
            for (const auto& [word, value] : names) {
                if (word == text) return Value(value);
            }
            return std::nullopt;
        case Kind::text: return Value(std::string(text));
        case Kind::list: return taken(list_of(text));
    }
    return std::nullopt;
}

std::string Key::print(const Value& value) const {
    switch (kind) {
        case Kind::boolean: return std::get<bool>(value) ? "true" : "false";
        case Kind::integer: return std::to_string(std::get<std::int64_t>(value));
        case Kind::size: return bytes_text(std::get<std::int64_t>(value));
        case Kind::duration: return duration_text(std::get<std::int64_t>(value));
        case Kind::number: return fmt::format("{}", std::get<double>(value));
        case Kind::choice:
            for (const auto& [word, number] : names) {
                if (number == std::get<std::int64_t>(value)) return word;
            }
            return std::to_string(std::get<std::int64_t>(value));
        case Kind::text: return std::get<std::string>(value);
        case Kind::list: return fmt::format("{}", fmt::join(std::get<std::vector<std::string>>(value), ","));
    }
    return "?";
}

std::string Key::environment() const {
    std::string variable = "REMIT_" + name;
    for (char& letter : variable) {
        letter = letter == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    return variable;
}

std::string_view Key::section() const {
    return std::string_view(name).substr(0, name.rfind('.'));
}

std::optional<std::size_t> find(std::string_view name) {
    const std::vector<Key>& all = keys();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Key& key) { return key.name == name; });
    if (found == all.end()) return std::nullopt;
    return static_cast<std::size_t>(found - all.begin());
}

}  // namespace remit::config
