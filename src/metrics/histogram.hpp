#pragma once

#include "metrics/counter.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace remit::metrics {

/// How long things took, in buckets from ten microseconds to a minute. One thread observes, any may read.
class Histogram {
public:
    using Time = std::chrono::nanoseconds;

    /// Three steps a decade: fine enough to see a doubling, few enough to be kept for each of many series.
    static constexpr std::array<Time, 21> kBounds{
        std::chrono::microseconds(10),  std::chrono::microseconds(25),  std::chrono::microseconds(50),
        std::chrono::microseconds(100), std::chrono::microseconds(250), std::chrono::microseconds(500),
        std::chrono::milliseconds(1),   std::chrono::microseconds(2500), std::chrono::milliseconds(5),
        std::chrono::milliseconds(10),  std::chrono::milliseconds(25),  std::chrono::milliseconds(50),
        std::chrono::milliseconds(100), std::chrono::milliseconds(250), std::chrono::milliseconds(500),
        std::chrono::seconds(1),        std::chrono::milliseconds(2500), std::chrono::seconds(5),
        std::chrono::seconds(10),       std::chrono::seconds(30),       std::chrono::seconds(60)};

    /// Less than nothing counts as nothing.
    void observe(Time time) noexcept;

    /// One more than bounds: the last is above all. Read one after the other: together they may miss what is being observed.
    [[nodiscard]] std::vector<std::uint64_t> buckets() const;
    [[nodiscard]] double sum_seconds() const noexcept;
    [[nodiscard]] static std::vector<double> bounds_in_seconds();

private:
    std::array<Counter, kBounds.size() + 1> buckets_;
    Counter nanoseconds_;
};

}  // namespace remit::metrics
