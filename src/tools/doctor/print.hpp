#pragma once

#include <string>
#include <vector>

#include "tools/doctor/finding.hpp"

namespace remit::tools::doctor {

/// For people: what is wrong first, each with why it matters and what to do; then what is well, a line each.
/// @param colours ANSI colours for the verdicts
[[nodiscard]] std::string to_text(const std::vector<Finding>& findings, bool colours);

/// One object: {"verdict", "counts": {"ok", "unknown", "warning", "problem"}, "findings": [{"id", "subject", "verdict",
/// "found", "why", "remedy"}]}, in the order given.
[[nodiscard]] std::string to_json(const std::vector<Finding>& findings);

}  // namespace remit::tools::doctor
