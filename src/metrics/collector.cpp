#include "metrics/collector.hpp"

#include <utility>

namespace remit::metrics {

MetricSample& Collector::sample(const char* name, const char* help, MetricType type, MetricLabels labels) {
    auto& families = metrics_.families;
    if (families.empty() || families.back().name != name) {
        families.push_back({.name = name, .help = help, .type = type, .samples = {}});
    }
    MetricLabels all = common_;
    for (auto& label : labels) all.push_back(std::move(label));
    return families.back().samples.emplace_back(MetricSample{.labels = std::move(all)});
}

void Collector::counter(const char* name, const char* help, std::uint64_t value, MetricLabels labels) {
    MetricSample& added = sample(name, help, MetricType::counter, std::move(labels));
    added.value = static_cast<double>(value);
}

void Collector::gauge(const char* name, const char* help, std::uint64_t value, MetricLabels labels) {
    MetricSample& added = sample(name, help, MetricType::gauge, std::move(labels));
    added.value = static_cast<double>(value);
}

void Collector::histogram(const char* name, const char* help, const Histogram& observed, MetricLabels labels) {
    MetricSample& added = sample(name, help, MetricType::histogram, std::move(labels));
    added.value = observed.sum_seconds();
    added.buckets = observed.buckets();
    metrics_.families.back().bounds = Histogram::bounds_in_seconds();
}

}  // namespace remit::metrics
