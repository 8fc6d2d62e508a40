#pragma once

#include "memory/streams.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace remit::worker {

/// How much of a source may be read: told by user threads, taken by the worker's. What is told behind a point of a stream
/// counts once the stream has come past it, and not before what was told earlier. However often it is told, one command
/// at most waits for the worker.
class Watermark {
public:
    explicit Watermark(std::uint64_t tokens) : told_tokens_(tokens), reached_(tokens) {}

    /// What was told last.
    [[nodiscard]] std::uint64_t tokens() const {
        const std::lock_guard lock(mutex_);
        return told_tokens_;
    }
    /// `behind`: where the tokens are filled; null: they are. False where more was told already.
    bool raise(std::uint64_t tokens, std::shared_ptr<memory::StreamPoint> behind = nullptr) {
        const std::lock_guard lock(mutex_);
        if (tokens < told_tokens_) return false;
        told_tokens_ = tokens;
        if (behind == nullptr && steps_.empty()) {
            reached_ = tokens;
        } else {
            steps_.push_back({tokens, std::move(behind)});
        }
        return true;
    }
    /// True where the worker is to be told.
    bool tell() noexcept { return !told_.exchange(true, std::memory_order_acq_rel); }

    // What follows is for the worker's thread alone.

    /// What it goes by from now on.
    std::uint64_t take() {
        told_.store(false, std::memory_order_release);
        while (const Step* step = first()) {
            // Not under the lock: it asks the device.
            if (step->behind != nullptr && !step->behind->passed()) break;
            if (step->behind != nullptr && failure_.empty()) failure_ = step->behind->failure();
            if (!failure_.empty()) break;
            const std::lock_guard lock(mutex_);
            reached_ = step->tokens;
            steps_.pop_front();
        }
        const std::lock_guard lock(mutex_);
        return reached_;
    }
    /// Whether there is something to take once a stream has come further.
    [[nodiscard]] bool waits() const { return failure_.empty() && first() != nullptr; }
    /// Why a stream never comes past its point; empty otherwise.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

private:
    struct Step {
        std::uint64_t tokens;
        std::shared_ptr<memory::StreamPoint> behind;
    };
    /// Stays where it is while others are told; only take() removes it.
    [[nodiscard]] const Step* first() const {
        const std::lock_guard lock(mutex_);
        return steps_.empty() ? nullptr : &steps_.front();
    }

    mutable std::mutex mutex_;
    std::uint64_t told_tokens_;
    std::uint64_t reached_;
    std::list<Step> steps_;  ///< told and not taken, in the order of the telling; seldom any: it takes no heap then
    std::atomic<bool> told_{false};
    std::string failure_;
};

}  // namespace remit::worker
