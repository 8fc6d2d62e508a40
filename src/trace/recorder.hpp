#pragma once

#include "trace/records.hpp"
#include "trace/ring.hpp"

#include <atomic>
#include <cstdint>

namespace remit::trace {

/// Where a worker's thread puts its records. A worker that keeps no trace has none: a null pointer, which is all it looks at.
/// add() is for one thread, the rest for one other.
class Recorder {
public:
    explicit Recorder(std::uint32_t records) : ring_(records) {}

    /// Costs a copy. Where whoever drains is behind, the record is left out and counted: a worker never waits for its trace.
    void add(const Record& record) noexcept {
        if (!ring_.push(record)) dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    template <class Take>
    void drain(const Take& take) {
        ring_.drain(take);
    }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

private:
    Ring<Record> ring_;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace remit::trace
