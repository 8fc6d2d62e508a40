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

void sleep_until(const std::array<int, 3>& descriptors, protocol::Time deadline) {
    std::array<pollfd, 3> polled{};
    for (std::size_t i = 0; i < polled.size(); ++i) polled[i] = {descriptors[i], POLLIN, 0};
    const protocol::Time left = std::clamp(deadline - steady_now(), protocol::Time::zero(), kLongestSleep);
    const timespec timeout{static_cast<time_t>(left.count() / 1'000'000'000),
                           static_cast<long>(left.count() % 1'000'000'000)};
    // An interruption is a wake-up like any other: the caller looks at everything again.
    ::ppoll(polled.data(), polled.size(), &timeout, nullptr);
}

}  // namespace

void run_loop(Driven& driven, const LoopOptions& options, LoopCounters& counters) {
    protocol::Time spin_until{};
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
            continue;
        }
        driven.take_wakeups();
        driven.arm();
        // What came between the last look and arming would not wake us.
        if (step(steady_now()) || driven.stopped()) continue;
        counters.sleeps.add();
        sleep_until(driven.descriptors(), driven.next_deadline());
    }
}

}  // namespace remit::worker
