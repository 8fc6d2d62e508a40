#pragma once

#include "fabric/fabric.hpp"
#include "layout/block_map.hpp"

namespace remit::pool {

/// The range of a region, with its local keys on all rails: for the map that work requests are made from.
[[nodiscard]] inline Registration local_registration(const fabric::MemoryRegion& region) {
    Registration registration{region.address(), region.length(), region.local_key_on(0)};
    for (std::uint32_t rail = 1; rail < region.rails(); ++rail) {
        registration.further_keys.push_back(region.local_key_on(rail));
    }
    return registration;
}

/// The same with its remote keys: for the map that a peer is told.
[[nodiscard]] inline Registration remote_registration(const fabric::MemoryRegion& region) {
    Registration registration{region.address(), region.length(), region.remote_key_on(0)};
    for (std::uint32_t rail = 1; rail < region.rails(); ++rail) {
        registration.further_keys.push_back(region.remote_key_on(rail));
    }
    return registration;
}

}  // namespace remit::pool
