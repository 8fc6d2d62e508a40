#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/run/observer.hpp"

namespace remit::tools {

/// The trace of one worker of a demo beside the merged one: "run.json" has "run.embedding.json" and "run.language.json", or
/// "run.language-0.json" and so on of several ranks.
[[nodiscard]] std::string half_trace_name(const std::string& merged, Side side, std::uint32_t rank, std::uint32_t ranks);

/// Those of all workers of a demo, the embedding worker's first.
[[nodiscard]] std::vector<std::string> half_trace_names(const std::string& merged, std::uint32_t ranks);

}  // namespace remit::tools
