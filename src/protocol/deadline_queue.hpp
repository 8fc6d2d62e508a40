#pragma once

#include "protocol/time.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace remit::protocol {

/// Deadlines by key, earliest first. An entry is a hint: when it comes up, the owner looks at the key's present
/// deadline and adds it again where that has moved. So moving a deadline later costs nothing.
template <class Key>
class DeadlineQueue {
public:
    void add(Time when, const Key& key) {
        if (when == kNever) return;
        // By a quarter and not by doubling: of rooms that wait by the thousand each would pay for another's place.
        if (heap_.size() == heap_.capacity()) heap_.reserve(heap_.size() + std::max(heap_.size() / 4, kFewHints));
        heap_.emplace_back(when, key);
        std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    }
    /// As add(), and drops the hints that mean nothing any more, as `stands(when, key)` says, once they may be as many as the
    /// others: what has ended costs no memory until its deadline.
    template <class Stands>
    void add(Time when, const Key& key, Stands stands) {
        if (heap_.size() >= tidy_at_) tidy(stands);
        add(when, key);
    }

    struct Due {
        Time when;
        Key key;
    };

    /// The next hint that is due, or nothing.
    std::optional<Due> pop_due(Time now) {
        if (heap_.empty() || heap_.front().first > now) return std::nullopt;
        Due due{heap_.front().first, heap_.front().second};
        std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
        heap_.pop_back();
        return due;
    }

    [[nodiscard]] Time next() const { return heap_.empty() ? kNever : heap_.front().first; }
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

private:
    static constexpr std::size_t kFewHints = 64;

    template <class Stands>
    void tidy(Stands stands) {
        std::erase_if(heap_, [&](const Entry& entry) { return !stands(entry.first, entry.second); });
        std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
        tidy_at_ = std::max(2 * heap_.size(), kFewHints);
    }

    using Entry = std::pair<Time, Key>;
    std::vector<Entry> heap_;
    std::size_t tidy_at_ = kFewHints;
};

}  // namespace remit::protocol
