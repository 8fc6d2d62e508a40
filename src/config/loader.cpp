#include <remit/config.hpp>
#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "config/check.hpp"
#include "config/key.hpp"
#include "config/nearest.hpp"
#include "config/text_file.hpp"
#include "config/toml_file.hpp"

namespace remit {
namespace config {
namespace {

/// What a source says of one key, read and found permitted.
struct Assignment {
    std::size_t key = 0;
    Value value;
    std::string where;
};

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorKind::bad_argument, what);
}

[[noreturn]] void refuse_unknown(const std::string& where, std::string_view key) {
    std::vector<std::string> names;
    for (const Key& known : keys()) names.push_back(known.name);
    refuse(fmt::format("{}: unknown key \"{}\"; the nearest known one is {}", where, key, nearest(key, names)));
}

[[noreturn]] void refuse_value(const std::string& where, const Key& key, const std::string& shown) {
    refuse(fmt::format("{}: {} is {}; permitted: {}{}", where, key.name, shown,
                       key.kind == Kind::duration ? "a duration with its unit (us, ms, s, min, h), " :
                       key.kind == Kind::size     ? "bytes, bare or with B, KiB, MiB or GiB, "
                                                  : "",
                       key.permitted()));
}

/// How a file writes values of a kind.
bool is_written_as(Kind kind, TomlType type) {
    switch (kind) {
        case Kind::boolean: return type == TomlType::boolean;
        case Kind::integer: return type == TomlType::integer;
        case Kind::size: return type == TomlType::integer || type == TomlType::text;
        case Kind::number: return type == TomlType::integer || type == TomlType::number;
        case Kind::duration:
        case Kind::choice:
        case Kind::text: return type == TomlType::text;
        case Kind::list: return type == TomlType::texts;
    }
    return false;
}

std::string_view toml_words(Kind kind) {
    switch (kind) {
        case Kind::boolean: return "true or false without quotes";
        case Kind::integer: return "an integer without quotes";
        case Kind::size: return "an integer, or a string with a unit as \"4MiB\"";
        case Kind::number: return "a number without quotes";
        case Kind::duration: return "a string with a unit as \"30s\"";
        case Kind::choice: return "a string that is one of the names";
        case Kind::text: return "a string";
        case Kind::list: return "an array of strings, none empty or with a comma";
    }
    return "?";
}

/// A table that is there and says nothing: "[fabric]" with all of its lines commented out.
bool is_empty_section(const TomlValue& value) {
    return value.type == TomlType::empty_table && std::any_of(keys().begin(), keys().end(), [&](const Key& key) {
               return key.name.compare(0, value.key.size() + 1, value.key + ".") == 0;
           });
}

Assignment assignment_of(const TomlValue& value, const std::string& name) {
    const std::string where = fmt::format("{}:{}", name, value.line);
    const auto index = find(value.key);
    if (!index) refuse_unknown(where, value.key);
    const Key& key = keys()[*index];
    if (!is_written_as(key.kind, value.type)) {
        refuse(fmt::format("{}: {} is {}, the wrong type; permitted: {}: {}", where, key.name, value.shown,
                           toml_words(key.kind), key.permitted()));
    }
    auto parsed = key.parse(value.text);
    if (!parsed) refuse_value(where, key, value.shown);
    return {*index, std::move(*parsed), where};
}

/// The names of variables that keys have, and which keys.
const std::map<std::string, std::size_t, std::less<>>& variables_of_keys() {
    static const auto known = [] {
        std::map<std::string, std::size_t, std::less<>> names;
        for (std::size_t i = 0; i < keys().size(); ++i) names.emplace(keys()[i].environment(), i);
        return names;
    }();
    return known;
}

bool begins_with(std::string_view text, std::string_view beginning) {
    return text.substr(0, beginning.size()) == beginning;
}

/// Others than remit's keys have names that begin with REMIT_, too; one that is almost a key's was meant for one.
void check_unknown_variable(std::string_view name) {
    constexpr std::size_t kSlip = 2;
    constexpr std::size_t kPrefix = std::string_view("REMIT_").size();
    std::vector<std::string> names;
    bool in_section = false;
    for (const auto& [known, index] : variables_of_keys()) {
        const std::string_view key = keys()[index].name;
        in_section = in_section || begins_with(name, known.substr(0, kPrefix + key.find('.') + 1));
        names.push_back(known);
    }
    const std::string& likely = nearest(name, names);
    if (!in_section && edit_distance(name, likely) > kSlip) return;
    refuse(fmt::format("environment variable {}: unknown; the nearest known one is {}", name, likely));
}

std::vector<Assignment> assignments_of(const char* const* variables) {
    std::vector<Assignment> all;
    for (; variables != nullptr && *variables != nullptr; ++variables) {
        const std::string_view variable = *variables;
        const std::size_t equals = variable.find('=');
        if (!begins_with(variable, "REMIT_") || equals == std::string_view::npos) continue;
        const std::string_view name = variable.substr(0, equals);
        const std::string_view text = variable.substr(equals + 1);
        const auto known = variables_of_keys().find(name);
        if (known == variables_of_keys().end()) {
            check_unknown_variable(name);
            continue;
        }
        auto parsed = keys()[known->second].parse(text);
        if (!parsed) {
            refuse_value("environment variable " + std::string(name), keys()[known->second],
                         fmt::format("\"{}\"", text.substr(0, 80)));
        }
        all.push_back({known->second, std::move(*parsed), std::string(name)});
    }
    return all;
}

}  // namespace
}  // namespace config

std::string_view to_string(ConfigSource source) noexcept {
    switch (source) {
        case ConfigSource::defaults: return "default";
        case ConfigSource::file: return "file";
        case ConfigSource::environment: return "environment";
        case ConfigSource::command_line: return "command line";
    }
    return "?";
}

std::vector<ConfigKey> config_keys() {
    std::vector<ConfigKey> all;
    const Config defaults;
    for (const config::Key& key : config::keys()) {
        all.push_back({key.name, key.environment(), std::string(config::to_string(key.kind)), key.permitted(),
                       key.print(key.access.get(defaults)), key.help});
    }
    return all;
}

ConfigLoader::ConfigLoader() : ConfigLoader(Config{}) {}

ConfigLoader::ConfigLoader(Config defaults) : config_(std::move(defaults)), origins_(config::keys().size()) {}

void ConfigLoader::read_file(const std::string& path) {
    read_toml(config::read_text_file(path), path);
}

void ConfigLoader::read_toml(std::string_view text, const std::string& name) {
    std::vector<config::Assignment> all;
    for (const config::TomlValue& value : config::read_toml(text, name)) {
        if (config::is_empty_section(value)) continue;
        all.push_back(config::assignment_of(value, name));
    }
    for (const config::Assignment& one : all) take(one.key, one.value, {ConfigSource::file, one.where});
}

void ConfigLoader::read_environment() {
    read_environment(environ);
}

void ConfigLoader::read_environment(const char* const* variables) {
    for (const config::Assignment& one : config::assignments_of(variables)) {
        take(one.key, one.value, {ConfigSource::environment, one.where});
    }
}

void ConfigLoader::set(std::string_view key, std::string_view value, const std::string& where) {
    const auto index = config::find(key);
    if (!index) config::refuse_unknown(where, key);
    const auto parsed = config::keys()[*index].parse(value);
    if (!parsed) {
        config::refuse_value(where, config::keys()[*index], fmt::format("\"{}\"", value.substr(0, 80)));
    }
    take(*index, *parsed, {ConfigSource::command_line, where});
}

std::vector<ConfigValue> ConfigLoader::values() const {
    std::vector<ConfigValue> all;
    for (std::size_t i = 0; i < origins_.size(); ++i) {
        const config::Key& key = config::keys()[i];
        all.push_back({key.name, key.print(key.access.get(config_)), origins_[i].source, origins_[i].where});
    }
    return all;
}

ConfigSource ConfigLoader::source_of(std::string_view key) const {
    const auto index = config::find(key);
    if (!index) config::refuse_unknown("source_of()", key);
    return origins_[*index].source;
}

void ConfigLoader::check() const {
    config::check(config_.embedding);
    config::check(config_.language);
}

template <typename Value>
void ConfigLoader::take(std::size_t key, const Value& value, Origin origin) {
    if (origin.source < origins_[key].source) return;
    config::keys()[key].access.set(config_, value);
    origins_[key] = std::move(origin);
}

Config load_config(const std::string& file, bool environment) {
    ConfigLoader loader;
    if (!file.empty()) loader.read_file(file);
    if (environment) loader.read_environment();
    loader.check();
    return loader.config();
}

}  // namespace remit
