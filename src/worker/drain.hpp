#pragma once

#include "protocol/time.hpp"

#include <algorithm>
#include <optional>

namespace remit::worker {

/// A worker's end: from the first request on nothing new is begun, and what is under way ends by itself or at the
/// earliest time that was asked for. Owned by the worker's thread.
class Drain {
public:
    void ask(protocol::Time end) { end_ = std::min(end_.value_or(protocol::kNever), end); }
    [[nodiscard]] bool asked() const noexcept { return end_.has_value(); }
    /// True once: it was asked for, and nothing is under way or the time has come.
    [[nodiscard]] bool ends(protocol::Time now, bool nothing_under_way) {
        if (!end_ || over_ || (!nothing_under_way && now < *end_)) return false;
        return over_ = true;
    }
    /// ends() has been true.
    [[nodiscard]] bool over() const noexcept { return over_; }
    [[nodiscard]] protocol::Time deadline() const noexcept { return end_ && !over_ ? *end_ : protocol::kNever; }

private:
    std::optional<protocol::Time> end_;
    bool over_ = false;
};

}  // namespace remit::worker
