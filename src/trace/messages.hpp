#pragma once

#include "trace/event_file.hpp"
#include "trace/rows.hpp"

namespace remit::trace {

/// A slice for a control message. Its argument "match" is a function of what both ends of the message see: that of the sender
/// and that of the receiver are the same, and differ from those of other messages, but not from a repeat of the same.
void write_message(const Message& message, Role own, EventFile& file, Rows& rows);

}  // namespace remit::trace
