#include "sim/scale/result.hpp"

#include <algorithm>
#include <cmath>

namespace remit::sim::scale {

void Samples::sort() {
    std::sort(values_.begin(), values_.end());
}

double Samples::quantile(double share) const {
    if (values_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values_.size())));
    return static_cast<double>(values_[std::clamp<std::size_t>(rank, 1, values_.size()) - 1]);
}

double Samples::mean() const {
    double sum = 0;
    for (const float value : values_) sum += static_cast<double>(value);
    return values_.empty() ? 0 : sum / static_cast<double>(values_.size());
}

void Counts::add(std::size_t value) {
    if (value >= times_.size()) times_.resize(value + 1);
    ++times_[value];
    ++all_;
}

std::size_t Counts::quantile(double share) const {
    auto left = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all_)));
    for (std::size_t value = 0; value < times_.size(); ++value) {
        if (times_[value] >= left) return value;
        left -= times_[value];
    }
    return most();
}

double Counts::mean() const {
    double sum = 0;
    for (std::size_t value = 0; value < times_.size(); ++value) {
        sum += static_cast<double>(times_[value]) * static_cast<double>(value);
    }
    return all_ == 0 ? 0 : sum / static_cast<double>(all_);
}

double jain_index(const std::vector<double>& values) {
    double sum = 0;
    double squares = 0;
    for (const double value : values) {
        sum += value;
        squares += value * value;
    }
    return squares == 0 ? 1 : sum * sum / (static_cast<double>(values.size()) * squares);
}

}  // namespace remit::sim::scale
