#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/doctor/finding.hpp"
#include "tools/doctor/machine.hpp"

/// What two doctors tell each other, and what it means: pure functions.
namespace remit::tools::doctor {

inline constexpr int kPeerVersion = 1;

/// The port that a worker would take on one end.
struct EndFacts {
    std::string problem;  ///< why none can be taken; empty where one can
    std::string device;
    std::uint32_t port = 0;
    bool ethernet = true;
    bool software = false;
    std::uint32_t mtu = 0;  ///< bytes
    std::string gid;        ///< text; empty: LID routing
    std::string netdev;     ///< of the GID
    double gigabits = 0;    ///< of the port; 0: not told
    bool operator==(const EndFacts&) const = default;
};

/// By the same choice as a worker's.
[[nodiscard]] EndFacts end_facts(const Machine& machine);

/// One size of request, one way.
struct SizeMeasured {
    std::uint64_t bytes = 0;
    std::uint64_t requests = 0;  ///< 0: none arrived
    double seconds = 0;          ///< median of a request
    bool operator==(const SizeMeasured&) const = default;
};

struct DirectionMeasured {
    std::string reason;               ///< why it ended early; empty where every byte arrived and was right
    std::vector<SizeMeasured> sizes;  ///< in growing order
    bool operator==(const DirectionMeasured&) const = default;
};

[[nodiscard]] std::string to_line(const EndFacts& facts);
[[nodiscard]] std::string to_line(const DirectionMeasured& direction);
/// @throws Error(environment) for a line that another version or no doctor has written.
[[nodiscard]] EndFacts end_facts_of(const std::string& line);
[[nodiscard]] DirectionMeasured direction_of(const std::string& line);

/// What both ends said before anything was transferred.
[[nodiscard]] std::vector<Finding> check_ends(const EndFacts& own, const EndFacts& peer);
/// What was transferred. `received`: from the peer to this machine.
[[nodiscard]] std::vector<Finding> check_transfers(const EndFacts& own, const EndFacts& peer,
                                                   const DirectionMeasured& received, const DirectionMeasured& sent);

}  // namespace remit::tools::doctor
