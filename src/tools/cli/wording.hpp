#pragma once

#include <string>

#include "tools/cli/options.hpp"

namespace remit::tools {

/// The library's words for its own options, put into those of the command line.
[[nodiscard]] std::string in_option_words(std::string message, const Options& options);

}  // namespace remit::tools
