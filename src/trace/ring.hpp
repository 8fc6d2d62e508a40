#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>

namespace remit::trace {

/// A queue of fixed size from one thread to one other. Neither waits, and nothing is allocated after the constructor.
template <class T>
class Ring {
public:
    /// Holds `least` values, rounded up to a power of two.
    explicit Ring(std::size_t least) : mask_(std::bit_ceil(least) - 1), slots_(std::make_unique<T[]>(mask_ + 1)) {}

    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

    /// From the one thread: false where there is no place.
    bool push(const T& value) noexcept {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        if (head - known_tail_ > mask_) {
            known_tail_ = tail_.load(std::memory_order_acquire);
            if (head - known_tail_ > mask_) return false;
        }
        slots_[head & mask_] = value;
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

    /// From the other: hands what is there to `take`, oldest first.
    template <class Take>
    void drain(const Take& take) {
        std::size_t tail = tail_.load(std::memory_order_relaxed);
        const std::size_t head = head_.load(std::memory_order_acquire);
        while (tail != head) {
            take(slots_[tail & mask_]);
            tail_.store(++tail, std::memory_order_release);
        }
    }

private:
    static constexpr std::size_t kLine = 64;  // of a cache: what one thread writes is not what the other reads all the time

    const std::size_t mask_;
    const std::unique_ptr<T[]> slots_;
    alignas(kLine) std::atomic<std::size_t> head_{0};
    std::size_t known_tail_ = 0;  ///< as the pushing thread last saw it
    alignas(kLine) std::atomic<std::size_t> tail_{0};
};

}  // namespace remit::trace
