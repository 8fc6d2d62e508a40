#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace remit::protocol {

/// Where a worker's PULL socket is, and whose it is.
struct PeerAddress {
    std::string ip;
    std::uint16_t port = 0;
    /// Public key: of a message that came, the one its connection has proved, which no frame could claim; of a peer to
    /// ask, the one it must have. Empty without keys, or for the worker's default.
    std::string key{};
    auto operator<=>(const PeerAddress&) const = default;
};

struct GenerationKey {
    std::uint64_t session = 0;
    std::uint64_t generation = 0;
    auto operator<=>(const GenerationKey&) const = default;
};

struct AttemptKey {
    std::uint64_t session = 0;
    std::uint64_t generation = 0;
    std::uint64_t attempt = 0;
    auto operator<=>(const AttemptKey&) const = default;
    [[nodiscard]] GenerationKey generation_key() const noexcept { return {session, generation}; }
};

/// The low 32 bits of the attempt: what the immediate of its rounds carries.
[[nodiscard]] constexpr std::uint32_t immediate_of(std::uint64_t attempt) noexcept {
    return static_cast<std::uint32_t>(attempt);
}

}  // namespace remit::protocol
