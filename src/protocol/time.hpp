#pragma once

#include <chrono>

namespace remit::protocol {

/// A moment on a steady clock that the caller chooses; the state machines never read one themselves.
using Time = std::chrono::nanoseconds;
inline constexpr Time kNever = Time::max();

}  // namespace remit::protocol
