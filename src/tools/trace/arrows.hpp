#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/trace/clocks.hpp"
#include "tools/trace/trace_file.hpp"

namespace remit::tools {

/// One end of an arrow, on the time axis of the first file.
struct ArrowEnd {
    std::size_t file = 0;
    std::uint32_t row = 0;
    std::int64_t time_ns = 0;
};

/// A control message from the worker that sent it to the one that received it.
struct Arrow {
    std::string type;
    ArrowEnd from;
    ArrowEnd to;
};

/// What the control messages of several traces say of each other.
struct Arrows {
    std::vector<Arrow> all;
    std::map<std::string, std::uint64_t> only_sent;      ///< by type: lost, or the other trace does not reach so far
    std::map<std::string, std::uint64_t> only_received;  ///< by type
    std::vector<std::string> violations;  ///< messages that came before they were sent, by more than the clocks may be wrong
};

/// Pairs the ends of messages that are the same at both. Of repeats the order decides, since a connection keeps it.
[[nodiscard]] Arrows match_messages(const std::vector<TraceFile>& files, const std::vector<FileClock>& clocks);

}  // namespace remit::tools
