#pragma once

#include <cerrno>

#include <zmq.hpp>

namespace remit::control {

/// Calls ZeroMQ until no signal has interrupted it. It says EINTR also where it was not to wait, whenever a handler has
/// run on the calling thread meanwhile, and has done nothing then. Which signals there are is the process's affair.
template <class Call>
auto uninterrupted(Call call) -> decltype(call()) {
    for (;;) {
        try {
            return call();
        } catch (const zmq::error_t& error) {
            if (error.num() != EINTR) throw;
        }
    }
}

}  // namespace remit::control
