#include "sim/reduction.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace remit::sim {
namespace {

struct Size {
    std::string_view name;
    std::optional<std::uint64_t> Reduction::*value;
};

constexpr std::array kSizes{Size{"embeddings", &Reduction::embeddings}, Size{"languages", &Reduction::languages},
                            Size{"rooms", &Reduction::rooms}, Size{"tokens", &Reduction::tokens},
                            Size{"steps", &Reduction::steps}};

[[noreturn]] void refuse(std::string_view word) {
    throw Error(
        ErrorKind::bad_argument,
        fmt::format("--reduce has \"{}\"; permitted: salt, embeddings, languages, rooms, tokens or steps =NUMBER, "
                    "without=FAULT,..., dropped=NUMBER,...",
                    word));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::uint64_t number(std::string_view text, std::string_view word) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) refuse(word);
    return value;
}

std::size_t fault_named(std::string_view name, std::string_view word) {
    for (std::size_t i = 0; i < kFaults; ++i) {
        if (to_string(static_cast<Fault>(i)) == name) return i;
    }
    refuse(word);
}

template <class Value>
void shorten(Value& value, const std::optional<std::uint64_t>& most) {
    if (most) value = std::min(value, static_cast<Value>(std::max<std::uint64_t>(*most, 1)));
}

template <class Item>
void shorten(std::vector<Item>& list, const std::optional<std::uint64_t>& most) {
    std::size_t size = list.size();
    shorten(size, most);
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(size), list.end());
}

}  // namespace

void Reduction::apply(Settings& settings) const {
    shorten(settings.embeddings, embeddings);
    shorten(settings.languages, languages);
    shorten(settings.rooms, rooms);
    shorten(settings.most_tokens, tokens);
    shorten(settings.steps, steps);
    settings.faults &= ~without;
}

bool Reduction::drops(std::uint64_t misfortune) const {
    return std::binary_search(dropped.begin(), dropped.end(), misfortune);
}

std::string Reduction::text() const {
    std::vector<std::string> words;
    if (salt != 0) words.push_back(fmt::format("salt={}", salt));
    for (const Size& size : kSizes) {
        if (const auto& value = this->*size.value) words.push_back(fmt::format("{}={}", size.name, *value));
    }
    std::vector<std::string_view> faults;
    for (std::size_t i = 0; i < kFaults; ++i) {
        if (without.test(i)) faults.push_back(to_string(static_cast<Fault>(i)));
    }
    if (!faults.empty()) words.push_back(fmt::format("without={}", fmt::join(faults, ",")));
    if (!dropped.empty()) words.push_back(fmt::format("dropped={}", fmt::join(dropped, ",")));
    return fmt::format("{}", fmt::join(words, " "));
}

Reduction Reduction::parse(std::string_view text) {
    Reduction reduction;
    for (const std::string_view word : split(text, ' ')) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) refuse(word);
        const std::string_view name = word.substr(0, equals);
        const std::string_view value = word.substr(equals + 1);
        const auto size = std::find_if(kSizes.begin(), kSizes.end(), [&](const Size& s) { return s.name == name; });
        if (size != kSizes.end()) {
            reduction.*(size->value) = number(value, word);
        } else if (name == "salt") {
            reduction.salt = number(value, word);
        } else if (name == "without") {
            for (const std::string_view fault : split(value, ',')) reduction.without.set(fault_named(fault, word));
        } else if (name == "dropped") {
            for (const std::string_view event : split(value, ',')) reduction.dropped.push_back(number(event, word));
            std::sort(reduction.dropped.begin(), reduction.dropped.end());
        } else {
            refuse(word);
        }
    }
    return reduction;
}

}  // namespace remit::sim
