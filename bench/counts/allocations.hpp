#pragma once

#include <cstdint>

namespace counts {

/// Allocations by operator new since watch_allocations(), on every thread but its caller's and ZeroMQ's own, and not called
/// for from within libzmq, libibverbs or its providers.
[[nodiscard]] std::uint64_t allocations();

/// Looks up where the libraries lie that are left out, and takes the caller for the main thread. Once, before threads.
void watch_allocations();

/// While it is there, what the calling thread allocates is not counted: a user's own, within a call-back.
class LeftOut {
public:
    LeftOut();
    ~LeftOut();
    LeftOut(const LeftOut&) = delete;
    LeftOut& operator=(const LeftOut&) = delete;
};

/// With `on`, the next allocations are told on standard error, each with its call stack, as long as there is room.
void trace_allocations(bool on);

}  // namespace counts
