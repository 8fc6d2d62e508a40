#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "control/channel.hpp"

namespace remit::control::test {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

inline constexpr milliseconds kPatience{5000};
/// Long enough on loopback for what must not come to have come.
inline constexpr milliseconds kSilence{150};

[[nodiscard]] inline std::unique_ptr<Channel> open_loopback() {
    return open_zmq({});
}

[[nodiscard]] inline Peer peer_of(const Channel& channel, std::uint64_t incarnation = 1) {
    return {channel.ip(), channel.port(), incarnation};
}

[[nodiscard]] inline bool readable(const Channel& channel, milliseconds time) {
    pollfd descriptor{channel.descriptor(), POLLIN, 0};
    return poll(&descriptor, 1, static_cast<int>(time.count())) == 1;
}

/// Waits on the descriptor alone, once there is nothing left, as a worker does.
[[nodiscard]] inline std::optional<Received> next(Channel& channel, milliseconds time = kPatience) {
    const auto deadline = steady_clock::now() + time;
    for (;;) {
        if (auto message = channel.receive()) return message;
        if (!channel.drained()) continue;
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0 || !readable(channel, left)) return std::nullopt;
    }
}

[[nodiscard]] inline std::string first_frame(Channel& channel, milliseconds time = kPatience) {
    const auto message = next(channel, time);
    return message ? message->frames.front() : "(nothing)";
}

}  // namespace remit::control::test
