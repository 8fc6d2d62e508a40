#include "tools/bench/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace remit::tools {
namespace {

/// Value at rank ceil(share * n), counted from 1.
double at_share(const std::vector<double>& sorted, double share) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size()) - 1e-9));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

/// The largest k with P(binomial(n, 1/2) < k) <= 2.5 %; 0 where there is none.
std::size_t interval_rank(std::size_t n) {
    double log_choose = 0;  // log of n over i
    double below = 0;
    const double log_all = static_cast<double>(n) * std::log(2.0);
    for (std::size_t i = 0; i <= n; ++i) {
        below += std::exp(log_choose - log_all);
        if (below > 0.025) return i;
        log_choose += std::log(static_cast<double>(n - i)) - std::log(static_cast<double>(i + 1));
    }
    return 0;
}

}  // namespace

Percentiles percentiles_of(std::vector<double> sample) {
    std::sort(sample.begin(), sample.end());
    return {sample.front(),         at_share(sample, 0.5),   at_share(sample, 0.9),
            at_share(sample, 0.99), at_share(sample, 0.999), sample.back()};
}

MedianInterval median_interval(std::vector<double> sample) {
    std::sort(sample.begin(), sample.end());
    const std::size_t n = sample.size();
    const double median = n % 2 == 1 ? sample[n / 2] : (sample[n / 2 - 1] + sample[n / 2]) / 2;
    const std::size_t rank = std::max<std::size_t>(1, interval_rank(n));
    return {median, sample[rank - 1], sample[n - rank]};
}

std::optional<MedianInterval> ratio_of(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (b[i] > 0) ratios.push_back(a[i] / b[i]);
    }
    if (ratios.empty()) return std::nullopt;
    return median_interval(std::move(ratios));
}

}  // namespace remit::tools
