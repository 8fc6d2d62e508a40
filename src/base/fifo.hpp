#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace remit {

/// A queue in a ring that grows by doubling and never shrinks: no heap in steady state.
template <class T>
class Fifo {
public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] T& front() { return ring_[head_]; }
    [[nodiscard]] const T& front() const { return ring_[head_]; }
    [[nodiscard]] T& operator[](std::size_t i) { return ring_[(head_ + i) & (ring_.size() - 1)]; }

    void push(T value) {
        if (size_ == ring_.size()) grow();
        ring_[(head_ + size_) & (ring_.size() - 1)] = std::move(value);
        ++size_;
    }
    void pop() {
        head_ = (head_ + 1) & (ring_.size() - 1);
        --size_;
    }
    void clear() noexcept { head_ = size_ = 0; }

private:
    void grow() {
        std::vector<T> larger(ring_.empty() ? 16 : 2 * ring_.size());
        for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
        ring_ = std::move(larger);
        head_ = 0;
    }

    std::vector<T> ring_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace remit
