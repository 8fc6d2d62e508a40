#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Values of keys, and how they are written.
namespace remit::config {

enum class Kind : std::uint8_t {
    boolean,
    integer,
    size,      ///< bytes: "65536", "64KiB", "4MiB"
    duration,  ///< "250us", "50ms", "30s", "5min", "24h"; the value counts microseconds
    number,    ///< with a fraction
    choice,    ///< one of several names; the value is what the name stands for
    text,
    list,  ///< texts; written with commas between them
};

[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

/// Which alternative is used goes with the kind: bool; int64 for integer, size, duration and choice; double; text; list.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

/// For an upper bound: there is none.
inline constexpr std::int64_t kUnbounded = std::numeric_limits<std::int64_t>::max();

/// Whole text or nothing; no range is looked at.
[[nodiscard]] std::optional<bool> boolean_of(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> integer_of(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> bytes_of(std::string_view text);
/// Microseconds. A unit is needed, for a bare number could be meant in several.
[[nodiscard]] std::optional<std::int64_t> microseconds_of(std::string_view text);
[[nodiscard]] std::optional<double> number_of(std::string_view text);
/// "a,b" as {"a", "b"}; "" as none; nothing where an item is empty.
[[nodiscard]] std::optional<std::vector<std::string>> list_of(std::string_view text);

/// In the largest unit that takes a whole number: "4MiB", "100B".
[[nodiscard]] std::string bytes_text(std::int64_t bytes);
/// The same: "30s", "1500ms".
[[nodiscard]] std::string duration_text(std::int64_t microseconds);

}  // namespace remit::config
