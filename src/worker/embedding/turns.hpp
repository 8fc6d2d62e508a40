#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace remit::worker::embedding {

/// Who is next: the smallest finish first, among equals who came first. A heap that keeps its memory.
template <class T>
class Turns {
public:
    [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
    [[nodiscard]] double finish() const noexcept { return heap_.front().finish; }
    [[nodiscard]] T* front() const noexcept { return heap_.front().who; }

    void push(double finish, T* who) {
        heap_.push_back({finish, count_++, who});
        std::push_heap(heap_.begin(), heap_.end(), after);
    }
    void pop() {
        std::pop_heap(heap_.begin(), heap_.end(), after);
        heap_.pop_back();
    }

private:
    struct Turn {
        double finish = 0;
        std::uint64_t order = 0;
        T* who = nullptr;
    };
    static bool after(const Turn& a, const Turn& b) noexcept {
        return a.finish != b.finish ? a.finish > b.finish : a.order > b.order;
    }

    std::vector<Turn> heap_;
    std::uint64_t count_ = 0;
};

}  // namespace remit::worker::embedding
