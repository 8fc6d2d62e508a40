#pragma once

#include "protocol/time.hpp"

#include <remit/options.hpp>

#include <cstdint>

namespace remit::protocol {

/// Periods and deadlines of the state machines; defaults and meaning as in TimingOptions.
struct Timing {
    Time ping_period{};
    Time peer_silence{};
    Time room_deadline{};
    Time register_deadline{};
    Time init_deadline{};
    Time round_deadline{};
    Time resume_deadline{};
    Time memory_deadline{};
    Time backstop_deadline{};
    Time abort_deadline{};
    Time park_deadline{};
    Time close_deadline{};
    Time repeat_first{};
    Time repeat_most{};

    Timing() : Timing(TimingOptions{}) {}
    explicit Timing(const TimingOptions& o)
        : ping_period(o.ping_period),
          peer_silence(o.peer_silence),
          room_deadline(o.room_deadline),
          register_deadline(o.register_deadline),
          init_deadline(o.init_deadline),
          round_deadline(o.round_deadline),
          resume_deadline(o.resume_deadline),
          memory_deadline(o.memory_deadline),
          backstop_deadline(o.backstop_deadline),
          abort_deadline(o.abort_deadline),
          park_deadline(o.park_deadline),
          close_deadline(o.close_deadline),
          repeat_first(o.repeat_first),
          repeat_most(o.repeat_most) {}
};

/// Periods between repeats of one message: doubled each time, up to a limit.
class Backoff {
public:
    void restart(const Timing& timing) { wait_ = timing.repeat_first; }
    /// The moment of the next repeat after one at `now`.
    [[nodiscard]] Time after(Time now, const Timing& timing) {
        if (wait_ == Time::zero()) wait_ = timing.repeat_first;
        const Time next = now + wait_;
        wait_ = std::min(2 * wait_, timing.repeat_most);
        return next;
    }

private:
    Time wait_{0};
};

}  // namespace remit::protocol
