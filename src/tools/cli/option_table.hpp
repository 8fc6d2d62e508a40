#pragma once

#include "tools/cli/option_spec.hpp"

#include <vector>

namespace remit::tools {

/// All options of all commands.
[[nodiscard]] const std::vector<OptionSpec>& option_table();

}  // namespace remit::tools
