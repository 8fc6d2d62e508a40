#pragma once

#include "fabric/fabric.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace remit::fabric {

/// Why memory could not be registered, and what to do: for ENOMEM the locked-memory limit and how to raise it.
/// `memlock_limit` in bytes, RLIM_INFINITY where there is none.
[[nodiscard]] std::string registration_error_text(const void* address, std::size_t bytes, int error,
                                                  std::uint64_t memlock_limit);

/// "ibv_reg_dmabuf_mr WHAT: Operation not supported (95)".
[[nodiscard]] std::string refusal_text(std::string_view call, std::string_view what, int error);

/// @throws Error(bad_argument) for 0 bytes, or an address that is not congruent to the offset modulo the page.
void check(const DmabufRange& range);

}  // namespace remit::fabric
