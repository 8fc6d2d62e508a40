#pragma once

#include "bindings.hpp"

#include <remit/error.hpp>
#include <remit/types.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

/// What keeps C++ objects and Python's lock apart: a worker's thread may want the lock, for a sink, while its user waits for
/// that thread.
namespace remit::python {

/// Destroys a worker, which waits for the worker's thread: without the lock, and on another thread where this is that
/// thread. It is where a sink was the last to refer to its worker.
struct Destroy {
    template <class Worker>
    void operator()(Worker* worker) const noexcept {
        if (PyGILState_Check() == 0) return destroy(worker);
        const nb::gil_scoped_release unlocked;
        destroy(worker);
    }

private:
    template <class Worker>
    static void destroy(Worker* worker) noexcept {
        try {
            worker->stop();
        } catch (const Error&) {
            std::thread([worker] { delete worker; }).detach();
            return;
        }
        delete worker;
    }
};

/// A worker that can be closed before Python lets go of it: its memory goes when no view of it is left.
template <class Worker>
class Held {
public:
    template <class... Args>
    explicit Held(const Args&... args) {
        const nb::gil_scoped_release unlocked;
        worker_ = std::shared_ptr<Worker>(new Worker(args...), Destroy());
    }

    /// @throws Error(misuse) once it is closed.
    [[nodiscard]] std::shared_ptr<Worker> get() const {
        if (worker_ == nullptr) throw Error(ErrorKind::misuse, "the worker is closed");
        return worker_;
    }
    [[nodiscard]] bool closed() const noexcept { return worker_ == nullptr; }

    std::size_t stop(double drain) const {
        const std::shared_ptr<Worker> worker = get();
        const nb::gil_scoped_release unlocked;
        return worker->stop(std::chrono::milliseconds(static_cast<std::int64_t>(drain * 1000)));
    }
    /// Stops at once; nothing is read or written any more when it returns.
    /// @throws Error(misuse) on the worker's own thread: in a sink.
    void close() {
        const std::shared_ptr<Worker> last = worker_;
        if (last == nullptr) return;
        {
            const nb::gil_scoped_release unlocked;
            last->stop();
        }
        worker_ = nullptr;
    }

private:
    std::shared_ptr<Worker> worker_;
};

/// Waits for the end of a transfer with the lock given up, but looks at signals: Ctrl-C ends the wait. @param seconds negative:
/// as long as it takes; every transfer has deadlines of its own
template <class Wait>
Status wait_interruptibly(double seconds, const Wait& wait_until) {
    using Clock = std::chrono::steady_clock;
    constexpr double kYear = 365.0 * 24 * 3600;
    constexpr std::chrono::milliseconds kBetweenSignals{50};
    const auto length = std::chrono::duration<double>(seconds < 0 ? kYear : std::min(seconds, kYear));
    const Clock::time_point deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(length);
    while (true) {
        const Clock::time_point until = std::min(deadline, Clock::now() + kBetweenSignals);
        const Status status = [&] {
            const nb::gil_scoped_release unlocked;
            return wait_until(until);
        }();
        if (is_final(status) || Clock::now() >= deadline) return status;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
    }
}

}  // namespace remit::python
