#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace remit::tools {

/// Order statistics of a sample, by nearest rank: the smallest value that a share of the sample does not exceed.
struct Percentiles {
    double least = 0;
    double p50 = 0;
    double p90 = 0;
    double p99 = 0;
    double p999 = 0;
    double most = 0;
};

/// @param sample at least one value
[[nodiscard]] Percentiles percentiles_of(std::vector<double> sample);

/// A median and the interval that holds the true one with a probability of at least 95 %, whatever the distribution:
/// order statistics of ranks k and n+1-k, where a binomial (n, 1/2) is below k with at most 2.5 %. With fewer than 6
/// values there is no such interval: it is then the whole sample.
struct MedianInterval {
    double median = 0;
    double low = 0;
    double high = 0;
};

/// @param sample at least one value
[[nodiscard]] MedianInterval median_interval(std::vector<double> sample);

/// Of a[i] / b[i], paired by index; the longer sample's rest is left out. Nothing where there is no pair.
[[nodiscard]] std::optional<MedianInterval> ratio_of(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace remit::tools
