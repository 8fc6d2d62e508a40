#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace remit::trace {

enum class Role : std::uint8_t { embedding, language };

[[nodiscard]] constexpr const char* to_string(Role role) noexcept {
    return role == Role::embedding ? "embedding" : "language";
}

/// Whose trace it is.
struct Identity {
    Role role = Role::embedding;
    std::string endpoint;
    std::vector<std::string> devices;  ///< a rail
};

/// Whose CLOCK_MONOTONIC it is: two processes with the same of both read the same clock. Empty where the kernel does not
/// say, which is equal to nothing.
struct ClockIdentity {
    std::string boot;            ///< id of this boot of the kernel
    std::string time_namespace;  ///< which may shift the clock
};

[[nodiscard]] ClockIdentity clock_identity();
[[nodiscard]] std::string host_name();

}  // namespace remit::trace
