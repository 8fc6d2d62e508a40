#include "metrics/histogram.hpp"

#include <algorithm>

namespace remit::metrics {
namespace {

double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

}  // namespace

void Histogram::observe(Time time) noexcept {
    const Time taken = std::max(time, Time::zero());
    const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), taken) - kBounds.begin();
    buckets_[static_cast<std::size_t>(bucket)].add();
    nanoseconds_.add(static_cast<std::uint64_t>(taken.count()));
}

std::vector<std::uint64_t> Histogram::buckets() const {
    std::vector<std::uint64_t> counts;
    for (const Counter& bucket : buckets_) counts.push_back(bucket.value());
    return counts;
}

double Histogram::sum_seconds() const noexcept { return seconds(nanoseconds_.value()); }

std::vector<double> Histogram::bounds_in_seconds() {
    std::vector<double> bounds;
    bounds.reserve(kBounds.size());
    for (const Time bound : kBounds) bounds.push_back(seconds(static_cast<std::uint64_t>(bound.count())));
    return bounds;
}

}  // namespace remit::metrics
