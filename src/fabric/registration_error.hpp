#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace remit::fabric {

/// Why memory could not be registered, and what to do: for ENOMEM the locked-memory limit and how to raise it.
/// `memlock_limit` in bytes, RLIM_INFINITY where there is none.
[[nodiscard]] std::string registration_error_text(const void* address, std::size_t bytes, int error,
                                                  std::uint64_t memlock_limit);

}  // namespace remit::fabric
