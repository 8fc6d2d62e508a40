#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/cli/options.hpp"

namespace remit::tools {

/// One option: how it is called, what it permits, what it does. The whole command line is a list of these.
struct OptionSpec {
    std::string name;       ///< "--tokens"
    std::string value;      ///< "N"; empty: a flag
    std::string permitted;  ///< "1 to 2147483647"
    std::string help;
    bool in_demo = true;
    bool in_embed = true;
    bool in_language = true;
    bool in_bench = false;
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
        }
        return false;
    }
};

[[nodiscard]] const std::vector<OptionSpec>& option_table();

}  // namespace remit::tools
