#include "worker/event_loop.hpp"

#include "worker/clock.hpp"

#include <poll.h>

#include <algorithm>
#include <ctime>

namespace remit::worker {
namespace {

// Also bounds how late a deadline is seen that an event between step() and sleeping has moved forward.
constexpr protocol::Time kLongestSleep = std::chrono::seconds(1);

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

void run_loop(Driven& driven, bool busy_poll) {
    while (!driven.stopped()) {
        if (driven.step(steady_now()) || busy_poll) continue;
        driven.arm();
        // What came between the last look and arming would not wake us.
        if (driven.step(steady_now()) || driven.stopped()) continue;
        sleep_until(driven.descriptors(), driven.next_deadline());
    }
}

}  // namespace remit::worker
