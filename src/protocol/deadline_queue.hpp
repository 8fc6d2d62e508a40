#pragma once

#include "protocol/time.hpp"

#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace remit::protocol {

/// Deadlines by key, earliest first. An entry is a hint: when it comes up, the owner looks at the key's present
/// deadline and adds it again where that has moved. So moving a deadline later costs nothing.
template <class Key>
class DeadlineQueue {
public:
    void add(Time when, const Key& key) {
        if (when != kNever) heap_.push({when, key});
    }

    struct Due {
        Time when;
        Key key;
    };

    /// The next hint that is due, or nothing.
    std::optional<Due> pop_due(Time now) {
        if (heap_.empty() || heap_.top().first > now) return std::nullopt;
        Due due{heap_.top().first, heap_.top().second};
        heap_.pop();
        return due;
    }

    [[nodiscard]] Time next() const { return heap_.empty() ? kNever : heap_.top().first; }

private:
    using Entry = std::pair<Time, Key>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
};

}  // namespace remit::protocol
