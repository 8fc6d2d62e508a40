#include "tools/run/stop.hpp"

#include <remit/error.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace remit::tools {
namespace {

// More are looked at when the wait is over: a descriptor a request would hit the limit of the process first.
constexpr std::size_t kMostWatched = 64;

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

}  // namespace

Stop::Stop() {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // Never read: a signal that has come stays pending, and everyone who looks sees it.
    signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    request_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signals_ >= 0 && request_ >= 0) return;
    const std::string why = std::strerror(errno);
    if (signals_ >= 0) close(signals_);
    if (request_ >= 0) close(request_);
    throw Error(ErrorKind::environment, "no descriptor for signals: " + why);
}

Stop::~Stop() {
    close(signals_);
    close(request_);
}

bool Stop::requested() const {
    std::array<pollfd, 2> polled{{{signals_, POLLIN, 0}, {request_, POLLIN, 0}}};
    return poll(polled.data(), polled.size(), 0) > 0;
}

void Stop::request() const {
    const std::uint64_t one = 1;
    // Full means that it has been asked for often enough.
    static_cast<void>(!write(request_, &one, sizeof one));
}

void Stop::wait(std::span<const int> descriptors, std::chrono::milliseconds time) const {
    std::vector<pollfd> polled{{signals_, POLLIN, 0}, {request_, POLLIN, 0}};
    for (std::size_t i = 0; i < std::min(descriptors.size(), kMostWatched); ++i) {
        polled.push_back({descriptors[i], POLLIN, 0});
    }
    static_cast<void>(poll(polled.data(), polled.size(), static_cast<int>(time.count())));
}

}  // namespace remit::tools
