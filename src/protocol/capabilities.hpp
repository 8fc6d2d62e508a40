#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

/// What a worker can do beyond the first of its version, told in REGISTER and REGISTERED. Unknown ones are ignored; each
/// side uses what both have, and refuses a peer that lacks what safety needs.
namespace remit::protocol {

inline constexpr std::string_view kFence = "fence";      ///< ABORT is answered when nothing of the attempt can land any more
inline constexpr std::string_view kYield = "yield";      ///< blocks of a room that has not started are given back
inline constexpr std::string_view kAnswers = "answers";  ///< STATUS says in frame 7 what kind of answer it is
inline constexpr std::string_view kReasons = "reasons";  ///< ABORT says in frame 5 why
inline constexpr std::string_view kCrc32c = "crc32c";    ///< STATUS carries checksums in frame 8; told by a receiver that wants them

inline constexpr std::array<std::string_view, 1> kRequiredCapabilities{kFence};

using Capabilities = std::vector<std::string>;

[[nodiscard]] inline bool has(const Capabilities& told, std::string_view name) {
    return std::find(told.begin(), told.end(), name) != told.end();
}

/// The first that is required and not told, or "".
[[nodiscard]] inline std::string_view lacking(const Capabilities& told) {
    for (const std::string_view needed : kRequiredCapabilities) {
        if (!has(told, needed)) return needed;
    }
    return "";
}

}  // namespace remit::protocol
