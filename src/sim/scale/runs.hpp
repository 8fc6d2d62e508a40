#pragma once

#include "sim/scale/result.hpp"

#include <string>
#include <vector>

namespace remit::sim::scale {

/// One cluster under one policy, with what it cost to simulate.
[[nodiscard]] Result run_cluster(const Settings& settings);
/// All of them, in the order given, on so many threads; what each tells does not depend on their number.
[[nodiscard]] std::vector<Result> run_clusters(const std::vector<Settings>& settings, unsigned jobs);

[[nodiscard]] std::string scale_text(const std::vector<Result>& results);
[[nodiscard]] std::string scale_json(const std::vector<Result>& results);

}  // namespace remit::sim::scale
