#pragma once

#include "config/key.hpp"

#include <algorithm>
#include <chrono>
#include <type_traits>

/// From a pointer to a field to the access of a key.
namespace remit::config {

template <typename Field>
Value to_value(const Field& field) {
    if constexpr (std::is_same_v<Field, bool> || std::is_same_v<Field, double>) {
        return field;
    } else if constexpr (std::is_enum_v<Field>) {
        return static_cast<std::int64_t>(field);
    } else if constexpr (std::is_integral_v<Field>) {
        // A key's bounds are below the largest; what is beyond is told apart no further.
        return std::in_range<std::int64_t>(field) ? static_cast<std::int64_t>(field) : kUnbounded;
    } else if constexpr (std::is_same_v<Field, std::string> || std::is_same_v<Field, std::vector<std::string>>) {
        return field;
    } else {
        constexpr std::int64_t kFactor = std::chrono::microseconds(Field(1)).count();
        const std::int64_t most = kUnbounded / kFactor;
        return std::clamp<std::int64_t>(field.count(), -most, most) * kFactor;
    }
}

template <typename Field>
void assign(Field& field, const Value& value) {
    if constexpr (std::is_same_v<Field, bool> || std::is_same_v<Field, double> || std::is_same_v<Field, std::string> ||
                  std::is_same_v<Field, std::vector<std::string>>) {
        field = std::get<Field>(value);
    } else if constexpr (std::is_enum_v<Field> || std::is_integral_v<Field>) {
        field = static_cast<Field>(std::get<std::int64_t>(value));
    } else {
        field = std::chrono::duration_cast<Field>(std::chrono::microseconds(std::get<std::int64_t>(value)));
    }
}

/// That part of a worker's options which is a `Part`.
template <typename Part, typename Options>
auto& part_of(Options& options) {
    using Plain = std::remove_const_t<Options>;
    if constexpr (std::is_same_v<Part, Plain>) return options;
    else if constexpr (std::is_same_v<Part, ControlOptions>) return options.control;
    else if constexpr (std::is_same_v<Part, KeyOptions>) return options.control.keys;
    else if constexpr (std::is_same_v<Part, FabricOptions>) return options.fabric;
    else if constexpr (std::is_same_v<Part, MemoryOptions>) return options.memory;
    else if constexpr (std::is_same_v<Part, TimingOptions>) return options.timing;
    else if constexpr (std::is_same_v<Part, LimitOptions>) return options.limits;
    else if constexpr (std::is_same_v<Part, TraceOptions>) return options.trace;
    else return options.guess;
}

/// A field of the embedding worker's options alone.
template <typename Part, typename Field>
Access in_embedding(Field Part::*field) {
    return {[field](const EmbeddingWorkerOptions& options) { return to_value(part_of<Part>(options).*field); },
            nullptr,
            [field](Config& config, const Value& value) { assign(part_of<Part>(config.embedding).*field, value); }};
}

/// A field of the language worker's options alone.
template <typename Part, typename Field>
Access in_language(Field Part::*field) {
    return {nullptr,
            [field](const LanguageWorkerOptions& options) { return to_value(part_of<Part>(options).*field); },
            [field](Config& config, const Value& value) { assign(part_of<Part>(config.language).*field, value); }};
}

/// A field that both have.
template <typename Part, typename Field>
Access in_both(Field Part::*field) {
    return {in_embedding(field).embedding, in_language(field).language, [field](Config& config, const Value& value) {
                assign(part_of<Part>(config.embedding).*field, value);
                assign(part_of<Part>(config.language).*field, value);
            }};
}

}  // namespace remit::config
