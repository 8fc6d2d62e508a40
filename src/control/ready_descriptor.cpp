#include "control/ready_descriptor.hpp"

#include <remit/error.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace remit::control {
namespace {

bool watch(int epoll, int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

}  // namespace

ReadyDescriptor::ReadyDescriptor(int source)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), held_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll_ >= 0 && held_ >= 0 && watch(epoll_, source) && watch(epoll_, held_)) return;
    const std::string why = std::strerror(errno);
    if (epoll_ >= 0) close(epoll_);
    if (held_ >= 0) close(held_);
    throw Error(ErrorKind::environment,
                "control channel: no descriptor to wait on (" + why + "); raise the limit with: ulimit -n 65536");
}

ReadyDescriptor::~ReadyDescriptor() {
    close(epoll_);
    close(held_);
}

void ReadyDescriptor::hold() noexcept {
    if (holding_) return;
    const std::uint64_t one = 1;
    // An eventfd at 0 takes a 1 without fail.
    holding_ = write(held_, &one, sizeof one) == static_cast<ssize_t>(sizeof one);
}

void ReadyDescriptor::release() noexcept {
    if (!holding_) return;
    std::uint64_t count = 0;
    holding_ = read(held_, &count, sizeof count) != static_cast<ssize_t>(sizeof count);
}

}  // namespace remit::control
