#pragma once

#include <string>
#include <vector>

#include "tools/cli/options.hpp"

namespace remit::tools {

/// "a,b" of {"a", "b"}: rails as FabricOptions::device names them.
[[nodiscard]] std::string joined(const std::vector<std::string>& names);

/// The library's words for its own options, put into those of the command line.
[[nodiscard]] std::string in_option_words(std::string message, const Options& options);

}  // namespace remit::tools
