#pragma once

#include <string>
#include <vector>

#include "tools/run/observer.hpp"

namespace remit::tools {

/// The events of both halves in order of time, a line each, with the steps T0 … T8 of a transfer that resumes marked
/// where each first happens. Long timelines lose their middle.
[[nodiscard]] std::vector<std::string> timeline_lines(std::vector<TimelineEvent> events);

}  // namespace remit::tools
