#pragma once

#include <remit/export.hpp>
#include <remit/types.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace remit {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };

[[nodiscard]] REMIT_API std::string_view to_string(LogLevel level) noexcept;

/// One line of the log. What it refers to lives as long as the call that hands it over.
struct LogLine {
    std::chrono::system_clock::time_point time{};
    LogLevel level = LogLevel::info;
    std::string_view text{};                     ///< all of it, for people
    std::string_view event{};                    ///< what happened, always in the same words; empty: nothing but text is known
    std::optional<RoomId> room{};
    std::optional<std::uint64_t> session{};
    std::string_view peer{};                     ///< whom it is about; empty: nobody
    std::string_view cause{};                    ///< of a room that Failed: a row of docs/observability.md
    std::string_view remedy{};                   ///< of that row
};

/// Told each line on the thread that logs it, the worker's own among them: it must not block for long, call a worker or
/// throw. One call at a time.
using LogSink = std::function<void(const LogLine&)>;

/// From now on the lines of `least` and above go to `sink`, of the whole process; an empty one: to stderr, as they do
/// without this call. A line that is being logged meanwhile may still go where it went before: a sink must outlive the
/// workers, or be replaced after their end. Thread-safe.
REMIT_API void set_log_sink(LogSink sink, LogLevel least = LogLevel::warn);

}  // namespace remit
