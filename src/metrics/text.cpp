// Prometheus' text exposition format, version 0.0.4.

#include <remit/metrics.hpp>

#include <spdlog/fmt/fmt.h>

#include <cmath>

namespace remit {
namespace {

constexpr const char* type_name(MetricType type) noexcept {
    switch (type) {
        case MetricType::counter: return "counter";
        case MetricType::gauge: return "gauge";
        case MetricType::histogram: return "histogram";
    }
    return "untyped";
}

/// `quotes`: in a label's value; a HELP line has none to escape.
std::string escaped(const std::string& text, bool quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') out += "\\\\";
        else if (c == '\n') out += "\\n";
        else if (c == '"' && quotes) out += "\\\"";
        else out += c;
    }
    return out;
}

/// Whole numbers without an exponent: they are counts.
std::string number(double value) {
    constexpr double kExact = 9007199254740992.0;  // 2^53
    if (std::floor(value) == value && std::abs(value) < kExact) return fmt::format("{:.0f}", value);
    return fmt::format("{}", value);
}

/// `{a="b",le="0.1"}`, or nothing where there are no labels.
std::string braces(const MetricLabels& labels, const std::string& bound = "") {
    std::string inside;
    for (const auto& [name, value] : labels) {
        inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ",", name, escaped(value, true));
    }
    if (!bound.empty()) inside += fmt::format("{}le=\"{}\"", inside.empty() ? "" : ",", bound);
    return inside.empty() ? "" : "{" + inside + "}";
}

void append_histogram(std::string& out, const MetricFamily& family, const MetricSample& sample) {
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < sample.buckets.size(); ++i) {
        so_far += sample.buckets[i];
        const std::string bound = i < family.bounds.size() ? number(family.bounds[i]) : "+Inf";
        out += fmt::format("{}_bucket{} {}\n", family.name, braces(sample.labels, bound), so_far);
    }
    out += fmt::format("{}_sum{} {}\n", family.name, braces(sample.labels), number(sample.value));
    out += fmt::format("{}_count{} {}\n", family.name, braces(sample.labels), so_far);
}

}  // namespace

std::string to_prometheus(const Metrics& metrics) {
    std::string out;
    for (const MetricFamily& family : metrics.families) {
        out += fmt::format("# HELP {} {}\n", family.name, escaped(family.help, false));
        out += fmt::format("# TYPE {} {}\n", family.name, type_name(family.type));
        for (const MetricSample& sample : family.samples) {
            if (family.type == MetricType::histogram) {
                append_histogram(out, family, sample);
            } else {
                out += fmt::format("{}{} {}\n", family.name, braces(sample.labels), number(sample.value));
            }
        }
    }
    return out;
}

}  // namespace remit
