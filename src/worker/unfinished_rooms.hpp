#pragma once

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <mutex>
#include <set>

namespace remit::worker {

/// The rooms that a worker has not finished, so that a second one of the same key is refused at the call. Thread-safe.
template <class Key>
class UnfinishedRooms {
public:
    UnfinishedRooms(std::uint32_t limit, const char* call) : limit_(limit), call_(call) {}

    /// @throws Error(misuse) for a key that is unfinished, Error(exhausted) past the limit.
    void add(const Key& key, std::uint64_t room) {
        const std::lock_guard lock(mutex_);
        if (keys_.size() >= limit_) {
            throw Error(ErrorKind::exhausted,
                        fmt::format("limit of {} unfinished rooms is reached; raise limits.rooms or wait", limit_));
        }
        if (!keys_.insert(key).second) {
            throw Error(ErrorKind::misuse,
                        fmt::format("{}() of room {}, which is unfinished; wait for its end first", call_, room));
        }
    }

    void remove(const Key& key) {
        const std::lock_guard lock(mutex_);
        keys_.erase(key);
    }

private:
    const std::uint32_t limit_;
    const char* const call_;
    std::mutex mutex_;
    std::set<Key> keys_;
};

}  // namespace remit::worker
