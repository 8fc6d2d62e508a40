#pragma once

#include "trace/event_file.hpp"
#include "trace/rows.hpp"

#include <string>

namespace remit::trace {

/// A chunk in its send region, from the gather until nobody reads it any more, and on its queue pair, from the post to the
/// completion. @param room what to call it by, @param lane the queue pair's name
void write_chunk(const Chunk& chunk, const std::string& room, const std::string& lane, EventFile& file, Rows& rows);

}  // namespace remit::trace
