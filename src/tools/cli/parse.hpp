#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/cli/options.hpp"

namespace remit::tools {

struct Parsed {
    std::optional<Options> options;  ///< nothing: print `text` and be done
    std::string text;                ///< help or version
};

/// Reads a command line without the program's name. @throws UsageError.
[[nodiscard]] Parsed parse(const std::vector<std::string>& arguments);

}  // namespace remit::tools
