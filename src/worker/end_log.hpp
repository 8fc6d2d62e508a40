#pragma once

#include "protocol/time.hpp"
#include "worker/tally/failure_cause.hpp"

#include <remit/types.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace remit::worker {

/// The log's last line of each room or send: how it ended, and of one that Failed what to do. At a bounded rate for each
/// cause: a peer that dies may take thousands with it. Owned by one thread.
class EndLog {
public:
    static constexpr std::uint32_t kMostASecond = 20;  ///< of a cause

    /// @param what in front of the number: "room", "send of room"
    explicit EndLog(const char* what) : what_(what) {}

    /// @param session 0: none, or several
    void failed(RoomId room, std::uint64_t session, std::string_view reason, protocol::Time now);
    /// At level debug: costs a comparison where that is not asked for.
    void succeeded(RoomId room, std::uint64_t session, std::uint64_t tokens, std::uint32_t rounds, protocol::Time taken) const;

private:
    struct Budget {
        protocol::Time since = -std::chrono::hours(1);
        std::uint32_t told = 0;
        std::uint64_t unlogged = 0;
    };
    [[nodiscard]] static bool may_tell(Budget& budget, protocol::Time now) noexcept;

    const char* const what_;
    std::array<Budget, kFailureCauses> budgets_{};
};

}  // namespace remit::worker
