#pragma once

#include <atomic>
#include <cstdint>

/// What one thread counts and any other may read: no lock, no heap, on x86 and ARM plain loads and stores.
namespace remit::metrics {

/// A number that only grows.
class Counter {
public:
    void add(std::uint64_t count = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// A number that goes up and down, or that its thread counts elsewhere and shows here.
class Gauge {
public:
    void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(std::uint64_t count = 1) noexcept { set(value() + count); }
    void subtract(std::uint64_t count = 1) noexcept { set(value() - count); }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace remit::metrics
