#include "worker/outcome.hpp"

#include <remit/error.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace remit::worker {
namespace {

void signal_descriptor(int descriptor) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
}

}  // namespace

Outcome::~Outcome() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::string Outcome::reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
}

Status Outcome::wait(std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return is_final(status()); });
    return status();
}

bool Outcome::wait_announced(std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return announced_ || is_final(status()); });
}

int Outcome::descriptor() const {
    const std::lock_guard lock(mutex_);
    if (descriptor_ < 0) {
        descriptor_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (descriptor_ < 0) {
            throw Error(ErrorKind::environment, std::string("eventfd: ") + std::strerror(errno) + "; raise `ulimit -n`");
        }
        if (is_final(status())) signal_descriptor(descriptor_);
    }
    return descriptor_;
}

void Outcome::move_to(Status status) noexcept {
    if (!is_final(this->status())) status_.store(status, std::memory_order_release);
}

void Outcome::announce() {
    const std::lock_guard lock(mutex_);
    announced_ = true;
    changed_.notify_all();
}

void Outcome::finish(Status status, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (is_final(this->status())) return;
    reason_ = reason;
    status_.store(status, std::memory_order_release);
    if (descriptor_ >= 0) signal_descriptor(descriptor_);
    changed_.notify_all();
}

}  // namespace remit::worker
