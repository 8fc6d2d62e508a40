#pragma once

#include "tools/cli/options.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// What an option is, and the kinds of options there are.
namespace remit::tools {

inline constexpr std::uint64_t kMostTokens = 2147483647;  // aux[0] carries the length as an int32

/// One option: how it is called, what it permits, what it does. The whole command line is a list of these.
struct OptionSpec {
    std::string name;       ///< "--tokens"
    std::string value;      ///< "N"; empty: a flag
    std::string permitted;  ///< "1 to 2147483647"
    std::string help;
    std::string key{};     ///< of the configuration that it sets; empty: none, or several
    bool repeats = false;  ///< may be given more than once
    bool in_demo = true;
    bool in_embed = true;
    bool in_language = true;
    bool in_bench = false;
    bool in_doctor = false;
    bool in_config = false;
    bool in_bootstrap = false;
    bool in_top = false;
    char letter = 0;  ///< short form in bench, as perftest has it; 0: none
    bool hidden = false;
    /// Takes the value over, or returns false where it is not permitted.
    std::function<bool(const std::string& value, Options& options)> apply;

    [[nodiscard]] bool belongs_to(Command command) const noexcept {
        switch (command) {
            case Command::demo: return in_demo;
            case Command::embed: return in_embed;
            case Command::language: return in_language;
            case Command::bench: return in_bench;
            case Command::keygen: return false;
            case Command::doctor: return in_doctor;
            case Command::trace_merge: return false;
            case Command::bootstrap: return in_bootstrap;
            case Command::config: return in_config || !key.empty();
            case Command::top: return in_top;
        }
        return false;
    }
};

/// A decimal number, the whole text of it.
[[nodiscard]] std::optional<std::uint64_t> number_of(const std::string& text);
/// "a" or "a,b,c"; an empty part stays in.
[[nodiscard]] std::vector<std::string> parts_of(const std::string& value);

[[nodiscard]] OptionSpec option(std::string name, std::string value, std::string permitted, std::string help,
                                std::function<bool(const std::string&, Options&)> apply);
[[nodiscard]] OptionSpec flag(std::string name, bool Options::*field, std::string help);
[[nodiscard]] OptionSpec text(std::string name, std::string placeholder, std::string Options::*field,
                              std::string permitted, std::string help);

/// Sets a key of the configuration, whose range and help it has. @param placeholder empty: a flag, which sets "true"
[[nodiscard]] OptionSpec setting(std::string name, std::string placeholder, const std::string& key);

/// Sets a key from code of an option. False where the value is not permitted.
[[nodiscard]] bool set_key(Options& options, const std::string& key, const std::string& value, const std::string& option);

/// A number of `least` to `most`.
template <typename Field>
[[nodiscard]] OptionSpec number(std::string name, Field field, std::uint64_t least, std::uint64_t most,
                                std::string help) {
    std::string permitted = std::to_string(least) + " to " + std::to_string(most);
    return option(std::move(name), "N", std::move(permitted), std::move(help),
                  [field, least, most](const std::string& text, Options& options) {
                      const auto value = number_of(text);
                      if (!value || *value < least || *value > most) return false;
                      auto& target = options.*field;
                      using Target = std::remove_reference_t<decltype(target)>;
                      if constexpr (std::is_integral_v<Target>) {
                          target = static_cast<Target>(*value);
                      } else {
                          target = static_cast<typename Target::value_type>(*value);
                      }
                      return true;
                  });
}

/// Names and what they stand for.
template <typename Value>
using Choices = std::vector<std::pair<std::string, Value>>;

template <typename Value>
[[nodiscard]] std::string names_of(const Choices<Value>& choices) {
    std::string names;
    for (const auto& [name, value] : choices) names += (names.empty() ? "" : ", ") + name;
    return names;
}

/// Takes what `name` stands for over, or returns false.
template <typename Value>
[[nodiscard]] bool choose(Value& target, const std::string& name, const Choices<Value>& choices) {
    for (const auto& [known, value] : choices) {
        if (known != name) continue;
        target = value;
        return true;
    }
    return false;
}

/// One of several names.
template <typename Value>
[[nodiscard]] OptionSpec choice(std::string name, std::string placeholder, Value Options::*field,
                                Choices<std::type_identity_t<Value>> choices, std::string help) {
    std::string permitted = names_of(choices);
    return option(std::move(name), std::move(placeholder), std::move(permitted), std::move(help),
                  [field, choices = std::move(choices)](const std::string& value, Options& options) {
                      return choose(options.*field, value, choices);
                  });
}

}  // namespace remit::tools
