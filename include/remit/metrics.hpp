#pragma once

#include <remit/export.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remit {

/// Names and values that tell the samples of one metric apart, in the order in which they are written.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

enum class MetricType : std::uint8_t {
    counter,    ///< only grows while the worker lives
    gauge,      ///< goes up and down
    histogram,  ///< how many of what was observed lay where
};

struct MetricSample {
    MetricLabels labels;
    double value = 0;                      ///< of a histogram: the sum of what was observed
    std::vector<std::uint64_t> buckets{};  ///< of a histogram: bucket i is above bounds[i - 1] and at most bounds[i]; one more, the last, is above all
};

/// One metric with all its samples. Units are base units, which the name ends in: seconds, bytes.
struct MetricFamily {
    std::string name;
    std::string help;
    MetricType type = MetricType::gauge;
    std::vector<double> bounds{};  ///< of a histogram's buckets, ascending
    std::vector<MetricSample> samples;
};

/// What a worker was and had done at one moment. A value of its own: it refers to nothing.
struct REMIT_API Metrics {
    std::vector<MetricFamily> families;

    /// Null where there is none of that name.
    [[nodiscard]] const MetricFamily* find(std::string_view name) const noexcept;
    /// The sum over the samples that have all of `labels`. @throws Error(bad_argument) for a name that is not there.
    [[nodiscard]] double value(std::string_view name, const MetricLabels& labels = {}) const;
    /// How often a histogram was observed, likewise summed. @throws Error(bad_argument) for what is no histogram's name.
    [[nodiscard]] std::uint64_t count(std::string_view name, const MetricLabels& labels = {}) const;
    /// Takes over another worker's: families of one name become one.
    void add(Metrics other);
};

/// In Prometheus' text exposition format, version 0.0.4: what a scrape of /metrics expects.
[[nodiscard]] REMIT_API std::string to_prometheus(const Metrics& metrics);

}  // namespace remit
