#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

/// Why rooms and sends fail, as far as it matters for what to do next. This table is the one place that knows: the
/// metrics' label, the log's last line of a room and the page docs/observability.md go by it.
namespace remit::worker {

struct FailureCause {
    std::string_view name;                     ///< a label: lower case, one word
    std::array<std::string_view, 7> phrases;  ///< one of them stands in the reason; unused ones are empty
    std::string_view remedy;                   ///< what to do, for people
};

/// The last row stands for whatever no other does.
inline constexpr std::size_t kFailureCauses = 25;
[[nodiscard]] std::span<const FailureCause, kFailureCauses> failure_causes() noexcept;

/// Index of the first row that a reason has a phrase of. Reasons nest ("embedding worker: aborted by ...: nothing of
/// round 1 ..."): rows stand in the order in which one explains more than another.
[[nodiscard]] std::size_t cause_of(std::string_view reason) noexcept;

}  // namespace remit::worker
