#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace remit::tools {

/// What came of a merge, for people.
struct MergeReport {
    std::vector<std::string> lines;
    std::uint64_t arrows = 0;
    std::uint64_t violations = 0;  ///< messages that were received before they were sent
};

/// Puts the traces of several workers on the time axis of the first, joins the two ends of each control message by an arrow
/// and writes all of it to `output`, for ui.perfetto.dev.
/// @throws Error(bad_argument) for a file that is no trace, clocks that cannot be related, an output that is one of the
/// files; Error(environment) for a file that cannot be read or written.
[[nodiscard]] MergeReport merge_traces(const std::vector<std::string>& files, const std::string& output);

}  // namespace remit::tools
