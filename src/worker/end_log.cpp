#include "worker/end_log.hpp"

#include "base/event_log.hpp"

#include <spdlog/fmt/fmt.h>

#include <optional>
#include <string>
#include <utility>

namespace remit::worker {
namespace {

std::string session_text(std::uint64_t session) { return session == 0 ? "" : fmt::format(" (session {})", session); }

std::optional<std::uint64_t> session_field(std::uint64_t session) {
    return session == 0 ? std::nullopt : std::optional(session);
}

}  // namespace

bool EndLog::may_tell(Budget& budget, protocol::Time now) noexcept {
    if (now - budget.since >= std::chrono::seconds(1)) {
        budget.since = now;
        budget.told = 0;
    }
    if (budget.told < kMostASecond) {
        ++budget.told;
        return true;
    }
    ++budget.unlogged;
    return false;
}

void EndLog::failed(RoomId room, std::uint64_t session, std::string_view reason, protocol::Time now) {
    const std::size_t index = cause_of(reason);
    Budget& budget = budgets_[index];
    if (!may_tell(budget, now)) return;
    const FailureCause& cause = failure_causes()[index];
    const std::uint64_t unlogged = std::exchange(budget.unlogged, 0);
    log_event(spdlog::level::warn,
              {.event = "failed",
               .room = room,
               .session = session_field(session),
               .cause = cause.name,
               .remedy = cause.remedy},
              fmt::format("{} {}{} Failed: {}; what to do: {}{}", what_, room, session_text(session), reason, cause.remedy,
                          unlogged > 0 ? fmt::format(" ({} more of this cause not logged)", unlogged) : ""));
}

void EndLog::succeeded(RoomId room, std::uint64_t session, std::uint64_t tokens, std::uint32_t rounds,
                       protocol::Time taken) const {
    if (!log().should_log(spdlog::level::debug)) return;
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(taken).count();
    log_event(spdlog::level::debug, {.event = "succeeded", .room = room, .session = session_field(session)},
              fmt::format("{} {}{} Success: {} tokens in {} rounds, {} us", what_, room, session_text(session), tokens, rounds,
                          microseconds));
}

}  // namespace remit::worker
