#include "tools/cli/option_spec.hpp"

#include <remit/error.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace remit::tools {
namespace {

const ConfigKey& key_named(const std::string& name) {
    static const std::vector<ConfigKey> keys = config_keys();
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.key == name; });
    if (found == keys.end()) throw std::logic_error("an option sets the key " + name + ", which is none");
    return *found;
}

}  // namespace

std::optional<std::uint64_t> number_of(const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || stop != end || error != std::errc{}) return std::nullopt;
    return value;
}

std::vector<std::string> parts_of(const std::string& value) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (;;) {
        const std::size_t comma = value.find(',', begin);
        parts.push_back(value.substr(begin, comma - begin));
        if (comma == std::string::npos) return parts;
        begin = comma + 1;
    }
}

OptionSpec option(std::string name, std::string value, std::string permitted, std::string help,
                  std::function<bool(const std::string&, Options&)> apply) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.value = std::move(value);
    spec.permitted = std::move(permitted);
    spec.help = std::move(help);
    spec.apply = std::move(apply);
    return spec;
}

OptionSpec flag(std::string name, bool Options::*field, std::string help) {
    return option(std::move(name), "", "no value", std::move(help),
                  [field](const std::string& value, Options& options) {
                      options.*field = true;
                      return value.empty();
                  });
}

OptionSpec text(std::string name, std::string placeholder, std::string Options::*field, std::string permitted,
                std::string help) {
    return option(std::move(name), std::move(placeholder), std::move(permitted), std::move(help),
                  [field](const std::string& value, Options& options) {
                      options.*field = value;
                      return !value.empty();
                  });
}

bool set_key(Options& options, const std::string& key, const std::string& value, const std::string& option) {
    try {
        options.settings.set(key, value, option);
        return true;
    } catch (const Error&) {
        return false;  // the option says what is permitted, in its own words
    }
}

OptionSpec setting(std::string name, std::string placeholder, const std::string& key) {
    const ConfigKey& known = key_named(key);
    const bool is_flag = placeholder.empty();
    const std::string shown = known.default_value.empty() ? "" : " (" + known.default_value + ")";
    OptionSpec spec = option(std::move(name), std::move(placeholder), is_flag ? "no value" : known.permitted,
                             known.help + (is_flag ? "" : shown), nullptr);
    spec.key = key;
    spec.apply = [key, is_flag, option = spec.name](const std::string& value, Options& options) {
        if (is_flag != value.empty()) return false;
        return set_key(options, key, is_flag ? "true" : value, option);
    };
    return spec;
}

}  // namespace remit::tools
