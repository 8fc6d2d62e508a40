#pragma once

#include "fabric/topology/pci.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Which NIC serves which GPU: pure functions on places.
namespace remit::fabric::topology {

/// What a path between two devices crosses; the nearer comes first.
enum class Span : std::uint8_t {
    switches,     ///< PCIe bridges and switches below one port of the host bridge
    host_bridge,  ///< the host bridge
    numa_node,    ///< the interconnect of one NUMA node
    machine,      ///< the interconnect of NUMA nodes, or it is not known
};

struct Distance {
    Span span = Span::machine;
    std::uint32_t hops = 0;  ///< steps in the tree from one to the other, where a host bridge joins them
    auto operator<=>(const Distance&) const = default;
};

[[nodiscard]] Distance distance(const PciPlace& a, const PciPlace& b);
/// "the same PCIe switch, 2 hops", "the same NUMA node".
[[nodiscard]] std::string to_string(const Distance& distance);

/// A NIC as a candidate. One without a place, as a virtual device, is never near anything.
struct NicPlace {
    std::string name;
    std::optional<PciPlace> place;
};

struct NearestNic {
    std::size_t index = 0;  ///< of the NICs given
    Distance distance;
    std::size_t shared = 0;  ///< other GPUs that have the same NIC
};

/// The NIC for `gpu`. Every GPU of the machine is given its nearest NIC, in the order of their addresses; of those that
/// are equally near, the one that fewest GPUs have so far, then the first by name. So each process finds the same answer
/// for each GPU, and several GPUs share one NIC only where it is nearer than all others to each of them or there are
/// fewer NICs than GPUs. Nothing where no NIC has a place. `gpu` counts as one of `gpus`.
[[nodiscard]] std::optional<NearestNic> nearest_nic(const PciPlace& gpu, std::span<const PciPlace> gpus,
                                                    std::span<const NicPlace> nics);

}  // namespace remit::fabric::topology
