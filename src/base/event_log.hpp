#pragma once

#include "base/log.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace remit {

/// What a line of the log is about, beside its text: for programs that read it.
struct LogFields {
    std::string_view event{};
    std::optional<std::uint64_t> room{};
    std::optional<std::uint64_t> session{};
    std::string_view peer{};
    std::string_view cause{};
    std::string_view remedy{};
};

/// Logs `text`, which says all to people, with its fields. Safe from any thread.
void log_event(spdlog::level::level_enum level, const LogFields& fields, const std::string& text);

/// The fields of the line that this thread is logging: for sinks, which run inside the call. Empty ones otherwise.
[[nodiscard]] const LogFields& fields_being_logged() noexcept;

}  // namespace remit
