#include "worker/event_loop.hpp"

#include "worker/clock.hpp"

#include <poll.h>

#include <algorithm>
#include <ctime>

namespace remit::worker {
namespace {

// Also bounds how late a deadline is seen that an event between step() and sleeping has moved forward.
constexpr protocol::Time kLongestSleep = std::chrono::seconds(1);

// Turns of a loop that finds something to do each time, or spins, between two looks at what only system calls tell.
constexpr std::uint32_t kTurnsWithoutWakeups = 256;

// What a loop that does not sleep has not been told of waits that long at most: a look is a system call.
constexpr protocol::Time kLookPeriod = std::chrono::microseconds(5);

/// Waits that long at most for one of the descriptors, and tells which are readable.
void look(Driven& driven, protocol::Time wait) {
    const std::array<int, 3> descriptors = driven.descriptors();
    std::array<pollfd, 3> polled{};
    for (std::size_t i = 0; i < polled.size(); ++i) polled[i] = {descriptors[i], POLLIN, 0};
    const timespec timeout{static_cast<time_t>(wait.count() / 1'000'000'000),
                           static_cast<long>(wait.count() % 1'000'000'000)};
    // An interruption tells of nothing; what is readable still is at the next look.
    const bool told = ::ppoll(polled.data(), polled.size(), &timeout, nullptr) > 0;
    std::array<bool, 3> readable{};
    for (std::size_t i = 0; i < polled.size(); ++i) readable[i] = told && polled[i].revents != 0;
    driven.woken(readable);
}

void sleep_until(Driven& driven, protocol::Time deadline) {
    look(driven, std::clamp(deadline - steady_now(), protocol::Time::zero(), kLongestSleep));
}

}  // namespace

void run_loop(Driven& driven, const LoopOptions& options, LoopCounters& counters) {
    protocol::Time spin_until{};
    protocol::Time look_at{};
    std::uint32_t since_wakeups = 0;
    const auto step = [&](protocol::Time now) {
        counters.turns.add();
        const bool moved = driven.step(now);
        if (moved) spin_until = now + options.spin;
        return moved;
    };
    while (!driven.stopped()) {
        const protocol::Time now = steady_now();
        const bool moved = step(now);
        if (moved || options.busy_poll || (now < spin_until && driven.data_is_near())) {
            // A device's events wait that long at most for somebody who never sleeps.
            if (++since_wakeups % kTurnsWithoutWakeups == 0) driven.take_wakeups();
            if (now >= look_at) {
                look(driven, protocol::Time::zero());
                look_at = now + kLookPeriod;
            }
            continue;
        }
        driven.take_wakeups();
        driven.arm();
        // What came between the last look and arming would not wake us.
        if (step(steady_now()) || driven.stopped()) continue;
        counters.sleeps.add();
        sleep_until(driven, driven.next_deadline());
    }
}

}  // namespace remit::worker
