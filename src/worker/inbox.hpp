#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <remit/error.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace remit::worker {

/// The one queue between user threads and a worker's thread. Thread-safe.
template <class Command>
class Inbox {
public:
    Inbox() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (descriptor_ < 0) {
            throw Error(ErrorKind::environment, std::string("eventfd: ") + std::strerror(errno) + "; raise `ulimit -n`");
        }
    }
    ~Inbox() { ::close(descriptor_); }
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    /// False once the worker is gone.
    bool post(Command command) {
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
        const bool wake = commands_.empty();
        commands_.push_back(std::move(command));
        posted_.store(true, std::memory_order_release);
        if (wake) signal();
        return true;
    }

    /// Moves everything posted so far into `out`, which is cleared first.
    void take(std::vector<Command>& out) {
        out.clear();
        if (!posted_.load(std::memory_order_acquire)) return;
        const std::lock_guard lock(mutex_);
        posted_.store(false, std::memory_order_relaxed);
        std::uint64_t count = 0;
        [[maybe_unused]] const auto drained = ::read(descriptor_, &count, sizeof count);
        std::swap(out, commands_);
    }

    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }

    /// Readable while something is posted.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    void signal() const {
        const std::uint64_t one = 1;
        // Cannot fail for want of room: the counter is far below its limit.
        [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
    }

    const int descriptor_;
    std::mutex mutex_;
    std::vector<Command> commands_;
    std::atomic<bool> posted_{false};  ///< commands_ is not empty: looked at far more often than it is so
    bool closed_ = false;
};

}  // namespace remit::worker
