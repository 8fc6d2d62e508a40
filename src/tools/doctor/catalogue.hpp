#pragma once

#include <span>
#include <string>
#include <string_view>

namespace remit::tools::doctor {

/// Everything that a finding can be about. docs/doctor.md has a row for each.
struct CatalogueEntry {
    std::string_view id;
    std::string_view why;  ///< why it matters
};

[[nodiscard]] std::span<const CatalogueEntry> catalogue() noexcept;

/// @throws std::logic_error for an id that is not in the catalogue.
[[nodiscard]] std::string why_of(std::string_view id);

}  // namespace remit::tools::doctor
