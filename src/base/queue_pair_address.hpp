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
    std::uint32_t rail = 0;              ///< which of its side's devices it is on; paired by index

    bool operator==(const QueuePairAddress&) const = default;
};

/// Devices that one worker may use side by side.
inline constexpr std::uint32_t kMaxRails = 8;

/// Tells the queue pairs of a side apart also where two devices gave the same number.
[[nodiscard]] constexpr std::uint32_t rail_number(std::uint32_t rail, std::uint32_t number) noexcept {
    return rail << 24 | number;
}
[[nodiscard]] constexpr std::uint32_t rail_number(const QueuePairAddress& address) noexcept {
    return rail_number(address.rail, address.number);
}

}  // namespace remit
