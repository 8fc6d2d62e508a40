#pragma once

#include <remit/log.hpp>

#include <string>

#include "tools/cli/options.hpp"

namespace remit::tools {

/// One JSON object without a newline: time, level, text, and of event, room, session, peer, cause and remedy those that
/// are there. Rooms and sessions are strings: they have 63 bits, and JSON's numbers in many a reader 53.
[[nodiscard]] std::string to_json_line(const LogLine& line);

/// Sends the log where and as the options say: stderr, as text or as JSON lines.
void set_up_log(const Options& options);

}  // namespace remit::tools
