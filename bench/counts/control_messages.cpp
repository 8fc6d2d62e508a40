// Stands before zmq_send() of the library: the program's own symbol is found first.

#include "counts/control_messages.hpp"

#include <dlfcn.h>
#include <zmq.h>

#include <atomic>
#include <cstddef>

namespace {

std::atomic<std::uint64_t> total{0};

using Send = int (*)(void*, const void*, std::size_t, int);

}  // namespace

std::uint64_t counts::control_messages() { return total.load(); }

extern "C" int zmq_send(void* socket, const void* frame, std::size_t bytes, int flags) {
    static const Send next = reinterpret_cast<Send>(dlsym(RTLD_NEXT, "zmq_send"));
    const int sent = next(socket, frame, bytes, flags);
    if (sent >= 0 && (flags & ZMQ_SNDMORE) == 0) total.fetch_add(1, std::memory_order_relaxed);
    return sent;
}
