#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

/// How workers find each other. Nothing here has a part in a session: once an endpoint is known, remit's own control
/// channel does the rest.
namespace remit::bootstrap {

/// Which embedding worker of a group: its place among tensor-parallel, data-parallel and pipeline ranks.
struct RankId {
    std::uint32_t tp = 0;
    std::uint32_t dp = 0;
    std::uint32_t pp = 0;

    auto operator<=>(const RankId&) const = default;
};

/// How many ranks of each kind the group has.
struct RankSizes {
    std::uint32_t tp = 1;
    std::uint32_t dp = 1;
    std::uint32_t pp = 1;

    bool operator==(const RankSizes&) const = default;
};

inline constexpr std::uint32_t kMostRanks = 65536;  ///< of one kind

/// An embedding worker as a directory knows it.
struct Peer {
    std::string ip;             ///< numeric, without brackets
    std::uint16_t port = 0;
    std::string public_key{};  ///< 40 characters of Z85; empty: none

    bool operator==(const Peer&) const = default;
};

/// "tp 0, dp 1, pp 0"
[[nodiscard]] std::string to_string(const RankId& rank);

/// "tcp://10.0.0.5:7700", "tcp://[fd00::5]:7700"
[[nodiscard]] std::string endpoint_of(const Peer& peer);
/// The other way. @throws Error(bad_argument) for what is no such endpoint, or has port 0.
[[nodiscard]] Peer peer_at(std::string_view endpoint);

/// What a directory may hold: a numeric address, a port, a key of Z85 or none. Empty where all is well, else what is wrong.
[[nodiscard]] std::string fault_of(const Peer& peer);

}  // namespace remit::bootstrap
