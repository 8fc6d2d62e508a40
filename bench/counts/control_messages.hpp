#pragma once

#include <cstdint>

namespace counts {

/// Whole messages that this process has given to ZeroMQ, whatever their number of frames.
[[nodiscard]] std::uint64_t control_messages();

}  // namespace counts
