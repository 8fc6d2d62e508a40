#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small readers of the texts that the kernel writes. Pure functions.
namespace remit::tools::doctor {

/// Without the white space around it.
[[nodiscard]] std::string trimmed(std::string_view text);
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);
/// Parted at white space.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);
/// The number that a text begins with: decimal, or hexadecimal behind 0x.
[[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view text);
/// "a, b, c".
[[nodiscard]] std::string list_of(const std::vector<std::string>& words);
/// "1000 B", "8 MiB", "2 GiB": exact where it is a whole number of units.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// A release of Linux as "6.1.0-18-amd64" or "5.14".
struct KernelRelease {
    unsigned major = 0;
    unsigned minor = 0;
    auto operator<=>(const KernelRelease&) const = default;
};
[[nodiscard]] std::optional<KernelRelease> kernel_release_of(std::string_view text);

}  // namespace remit::tools::doctor
