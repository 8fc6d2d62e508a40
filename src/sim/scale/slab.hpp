#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace remit::sim::scale {

/// Values by number; a number that was taken is given out again, so that memory follows what is alive.
template <class Value>
class Slab {
public:
    std::uint32_t put(Value value) {
        if (free_.empty()) {
            values_.push_back(std::move(value));
            return static_cast<std::uint32_t>(values_.size() - 1);
        }
        const std::uint32_t number = free_.back();
        free_.pop_back();
        values_[number] = std::move(value);
        return number;
    }
    Value take(std::uint32_t number) {
        free_.push_back(number);
        return std::move(values_[number]);
    }
    [[nodiscard]] Value& operator[](std::uint32_t number) { return values_[number]; }
    [[nodiscard]] std::size_t alive() const noexcept { return values_.size() - free_.size(); }

private:
    std::vector<Value> values_;
    std::vector<std::uint32_t> free_;
};

}  // namespace remit::sim::scale
