#pragma once

#include <array>
#include <cstdint>

namespace remit {

/// What one side must know of the other's queue pair to connect to it; travels in REGISTER and REGISTERED.
struct QueuePairAddress {
    std::uint32_t number = 0;            ///< 24-bit queue pair number
    std::uint32_t psn = 0;               ///< 24-bit initial packet sequence number, random
    std::uint32_t mtu = 1024;            ///< path MTU in bytes that the port allows; the smaller of both is used
    std::uint16_t lid = 0;               ///< InfiniBand local identifier, 0 on RoCE
    std::array<std::uint8_t, 16> gid{};  ///< all zero where only LID routing is meant

    bool operator==(const QueuePairAddress&) const = default;
};

}  // namespace remit
