#pragma once

#include <chrono>
#include <set>
#include <string>

#include "base/complaints.hpp"

namespace remit::control {

/// The public keys of the peers that may connect: a fixed one, and those of a folder of *.pub files, which is looked at
/// again at most once a second, so that peers come and go without a restart. Owned by one thread at a time.
class AllowedKeys {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kMost = 4096;  ///< keys of a folder

    /// `folder` empty: none. `fixed` empty: none.
    /// @throws Error naming the file where the folder or a key in it cannot be read, or is open to others.
    AllowedKeys(std::string folder, std::string fixed);

    [[nodiscard]] bool admits(const std::string& key, Clock::time_point now);
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size() + (fixed_.empty() ? 0 : 1); }

private:
    void look_again(Clock::time_point now);

    const std::string folder_;
    const std::string fixed_;
    std::set<std::string> keys_;
    Clock::time_point next_look_;
    Complaints complaints_;
};

}  // namespace remit::control
