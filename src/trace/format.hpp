#pragma once

/// What whoever reads a trace file must know by name; docs/tracing.md has the whole of it.
namespace remit::trace {

/// otherData.format of a worker's file, and of several put together.
inline constexpr const char* kFormat = "remit-trace/1";
inline constexpr const char* kMergedFormat = "remit-trace-merged/1";

/// Arguments of the slice of a control message.
inline constexpr const char* kDirection = "direction";
inline constexpr const char* kSent = "sent";
inline constexpr const char* kReceived = "received";
inline constexpr const char* kSession = "session";
inline constexpr const char* kGeneration = "generation";
inline constexpr const char* kSequence = "sequence";  ///< of PING and PONG
inline constexpr const char* kMatch = "match";        ///< the same at both ends

/// The last event of a file that is whole: how many records it was made of, and how many were left out.
inline constexpr const char* kEndEvent = "remit_trace_end";
inline constexpr const char* kDropped = "dropped";

}  // namespace remit::trace
