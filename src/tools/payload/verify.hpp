#pragma once

#include <remit/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "tools/payload/payload.hpp"

namespace remit::tools {

/// Where a row of the arrived request is read: segment index, plane, token.
using RowReader =
    std::function<std::span<const std::byte>(std::size_t segment, std::uint32_t plane, std::uint64_t token)>;

/// Compares every byte of every row with the payload; says what is wrong first, or nothing.
[[nodiscard]] std::optional<std::string> find_wrong_row(const Layout& layout, const Payload& payload,
                                                        const RowReader& read);
[[nodiscard]] std::optional<std::string> find_wrong_aux(const Payload& payload, const Aux& arrived);

}  // namespace remit::tools
