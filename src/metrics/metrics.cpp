#include <remit/error.hpp>
#include <remit/metrics.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace remit {
namespace {

bool has_all(const MetricSample& sample, const MetricLabels& labels) {
    return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
        return std::find(sample.labels.begin(), sample.labels.end(), label) != sample.labels.end();
    });
}

const MetricFamily& family_of(const Metrics& metrics, std::string_view name) {
    if (const MetricFamily* family = metrics.find(name)) return *family;
    throw Error(ErrorKind::bad_argument, fmt::format("metric \"{}\" is not exported by this worker; docs/observability.md "
                                                     "lists those that are", name));
}

}  // namespace

const MetricFamily* Metrics::find(std::string_view name) const noexcept {
    const auto found =
        std::find_if(families.begin(), families.end(), [&](const MetricFamily& family) { return family.name == name; });
    return found == families.end() ? nullptr : &*found;
}

double Metrics::value(std::string_view name, const MetricLabels& labels) const {
    double sum = 0;
    for (const MetricSample& sample : family_of(*this, name).samples) sum += has_all(sample, labels) ? sample.value : 0;
    return sum;
}

std::uint64_t Metrics::count(std::string_view name, const MetricLabels& labels) const {
    const MetricFamily& family = family_of(*this, name);
    if (family.type != MetricType::histogram) {
        throw Error(ErrorKind::bad_argument, fmt::format("metric \"{}\" is no histogram; ask for its value()", name));
    }
    std::uint64_t sum = 0;
    for (const MetricSample& sample : family.samples) {
        if (!has_all(sample, labels)) continue;
        for (const std::uint64_t bucket : sample.buckets) sum += bucket;
    }
    return sum;
}

void Metrics::add(Metrics other) {
    for (MetricFamily& family : other.families) {
        const auto mine =
            std::find_if(families.begin(), families.end(), [&](const MetricFamily& f) { return f.name == family.name; });
        if (mine == families.end()) {
            families.push_back(std::move(family));
        } else {
            std::move(family.samples.begin(), family.samples.end(), std::back_inserter(mine->samples));
        }
    }
}

}  // namespace remit
