#pragma once

#include "metrics/histogram.hpp"

#include <remit/metrics.hpp>

#include <cstdint>
#include <utility>

namespace remit::metrics {

/// Puts the numbers of one worker together as public metrics. A family is begun by its first sample.
class Collector {
public:
    /// @param common labels that every sample gets in front of its own
    explicit Collector(MetricLabels common) : common_(std::move(common)) {}

    void counter(const char* name, const char* help, std::uint64_t value, MetricLabels labels = {});
    void gauge(const char* name, const char* help, std::uint64_t value, MetricLabels labels = {});
    void histogram(const char* name, const char* help, const Histogram& observed, MetricLabels labels = {});

    [[nodiscard]] Metrics take() { return std::move(metrics_); }

private:
    MetricSample& sample(const char* name, const char* help, MetricType type, MetricLabels labels);

    MetricLabels common_;
    Metrics metrics_;
};

}  // namespace remit::metrics
