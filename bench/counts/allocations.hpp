#pragma once

#include <cstdint>

namespace counts {

/// Allocations by operator new since the start of the program, on every thread but the calling one's program's main
/// thread and ZeroMQ's own, and not called for from within libzmq, libibverbs or its providers.
[[nodiscard]] std::uint64_t allocations();

/// Looks up where the libraries lie that are left out, and takes the caller for the main thread. Once, before threads.
void watch_allocations();

/// With `on`, the next allocations are told on standard error, each with its call stack, as long as there is room.
void trace_allocations(bool on);

}  // namespace counts
