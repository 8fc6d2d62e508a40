#pragma once

#include "trace/event_file.hpp"

#include <string>

namespace remit::trace {

/// A round while its room is under way. A language worker's is offered, arrives, becomes visible and is copied out; an
/// embedding worker's is accepted and written.
struct RoundTrack {
    Nanoseconds begin = 0;  ///< offered, or accepted
    std::uint64_t first_token = 0;
    std::uint64_t tokens = 0;  ///< room for, at first; then as many as there are
    std::uint32_t blocks = 0;
    Nanoseconds arrived = 0;
    Nanoseconds visible = 0;
    Nanoseconds copy_begin = 0;
    Nanoseconds copy_end = 0;
};

/// Writes a round that ends at `end`, with what it was made of. @param how of its end, where that needs a word
void write_round(EventFile& file, const std::string& name, const std::string& id, const RoundTrack& round, Nanoseconds end,
                 std::string_view how);

}  // namespace remit::trace
