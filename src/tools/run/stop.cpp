#include "tools/run/stop.hpp"

#include <remit/error.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace remit::tools {
namespace {

// More are looked at when the wait is over: a descriptor a request would hit the limit of the process first.
constexpr std::size_t kMostWatched = 64;
constexpr int kDrain = 1;
constexpr int kAtOnce = 2;

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

/// Never read: whoever looks, whenever, sees it.
void make_readable(int descriptor) {
    const std::uint64_t one = 1;
    // Full means that it has been asked for often enough.
    static_cast<void>(!write(descriptor, &one, sizeof one));
}

}  // namespace

Stop::Stop() {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    make_descriptors(true);
}

Stop::Stop(const Stop* whole) : whole_(whole) { make_descriptors(false); }

void Stop::make_descriptors(bool signals) {
    const sigset_t set = ending_signals();
    if (signals) signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    drain_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    at_once_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if ((signals_ >= 0 || !signals) && drain_ >= 0 && at_once_ >= 0) return;
    const std::string why = std::strerror(errno);
    for (const int descriptor : {signals_, drain_, at_once_}) {
        if (descriptor >= 0) close(descriptor);
    }
    throw Error(ErrorKind::environment, "no descriptor for signals: " + why);
}

Stop::~Stop() {
    for (const int descriptor : {signals_, drain_, at_once_}) {
        if (descriptor >= 0) close(descriptor);
    }
}

int Stop::level() const {
    const int of_whole = whole_ != nullptr ? whole_->level() : 0;
    const std::lock_guard lock(mutex_);
    raise_to(of_whole);
    signalfd_siginfo signal{};
    while (signals_ >= 0 && read(signals_, &signal, sizeof signal) == sizeof signal) raise_to(level_ + 1);
    return level_;
}

/// With the mutex held.
void Stop::raise_to(int level) const {
    level_ = std::max(level_.load(), std::min(level, kAtOnce));
    if (level_ >= kDrain) make_readable(drain_);
    if (level_ >= kAtOnce) make_readable(at_once_);
}

void Stop::request() const {
    const std::lock_guard lock(mutex_);
    raise_to(kAtOnce);
}

void Stop::wait(std::span<const int> descriptors, std::chrono::milliseconds time) const {
    // What nobody has been told yet ends the wait, too.
    const int so_far = level_.load();
    if (so_far >= kAtOnce || level() > so_far) return;
    std::vector<pollfd> polled{{signals_, POLLIN, 0}, {so_far >= kDrain ? at_once_ : drain_, POLLIN, 0}};
    if (whole_ != nullptr) {
        polled.push_back({whole_->signals_, POLLIN, 0});
        polled.push_back({so_far >= kDrain ? whole_->at_once_ : whole_->drain_, POLLIN, 0});
    }
    for (std::size_t i = 0; i < std::min(descriptors.size(), kMostWatched); ++i) {
        polled.push_back({descriptors[i], POLLIN, 0});
    }
    static_cast<void>(poll(polled.data(), polled.size(), static_cast<int>(time.count())));
}

}  // namespace remit::tools
