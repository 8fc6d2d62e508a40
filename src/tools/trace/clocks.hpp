#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/trace/trace_file.hpp"

namespace remit::tools {

/// A PING and its PONG, noted at both ends, each by its own clock.
struct Exchange {
    std::int64_t ping_sent = 0;      ///< by the clock of who asked
    std::int64_t ping_received = 0;  ///< by the other, likewise pong_sent
    std::int64_t pong_sent = 0;
    std::int64_t pong_received = 0;

    /// Time on the way, both ways together: the other clock's reading cannot be off by more than half of it.
    [[nodiscard]] std::int64_t delay() const noexcept { return (pong_received - ping_sent) - (pong_sent - ping_received); }
    /// By how much the other clock is ahead.
    [[nodiscard]] double offset() const noexcept {
        return (static_cast<double>(ping_received - ping_sent) + static_cast<double>(pong_sent - pong_received)) / 2;
    }
};

/// How another clock's time becomes that of a reference: what it is ahead, as measured at some moments, between which it
/// drifts evenly.
class ClockOffset {
public:
    /// The same clock.
    ClockOffset() = default;
    /// Of each ten seconds the exchange that was least on the way is believed. Who answered is ahead by what they say.
    /// @param exchanges one at least, none with a negative delay
    explicit ClockOffset(std::vector<Exchange> exchanges);

    /// Nanoseconds to take off a time of the other clock.
    [[nodiscard]] double at(std::int64_t other_time) const noexcept;
    /// No more than this is wrong with it, in nanoseconds.
    [[nodiscard]] double bound() const noexcept { return bound_; }
    /// How much faster the other clock runs, as a share; 0 where it was measured once.
    [[nodiscard]] double drift() const noexcept;

private:
    struct Point {
        std::int64_t at = 0;  ///< by the other clock
        double offset = 0;
        double bound = 0;
    };
    std::vector<Point> points_;
    double bound_ = 0;
};

/// How a file's clock relates to that of the first.
struct FileClock {
    std::vector<ClockOffset> chain;  ///< one after the other; several where it is known by way of a third worker
    double bound = 0;                ///< nanoseconds
    std::string how;                 ///< for people

    [[nodiscard]] std::int64_t to_first(std::int64_t time) const noexcept;
};

/// One for each file, in their order. @throws Error(bad_argument) where a file's clock cannot be related to the first's.
[[nodiscard]] std::vector<FileClock> relate_clocks(const std::vector<TraceFile>& files);

}  // namespace remit::tools
