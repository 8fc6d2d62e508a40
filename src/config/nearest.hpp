#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace remit::config {

/// Letters to add, take away, exchange or swap with their neighbour until one is the other.
[[nodiscard]] std::size_t edit_distance(std::string_view one, std::string_view other);

/// The one of `names`, which must not be empty, that takes the fewest edits; of several the first.
[[nodiscard]] const std::string& nearest(std::string_view name, const std::vector<std::string>& names);

}  // namespace remit::config
