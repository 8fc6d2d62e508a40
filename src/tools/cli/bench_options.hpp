#pragma once

#include "tools/cli/option_spec.hpp"

#include <vector>

namespace remit::tools {

/// Appends the options that `bench` alone has.
void add_bench_options(std::vector<OptionSpec>& table);

}  // namespace remit::tools
