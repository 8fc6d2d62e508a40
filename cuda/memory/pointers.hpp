#pragma once

#include "memory/buffer.hpp"
#include "memory/device.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace remit::gpu {

/// What the driver says of a range that is all memory of one device.
struct DeviceRange {
    std::vector<memory::Allocation> allocations;  ///< in ascending address, without gaps
    std::string gather_only;                      ///< why it must not be registered; empty: it may be
};

/// Reads what a range lies in. The range may span several mappings, as a framework's expandable segments do: each is
/// asked, since the address range that the driver shows ends with the first.
/// @throws Error(bad_argument) naming `what` for memory of the host or of another device, unmapped or unknown memory;
/// Error(environment) naming the call where the driver fails.
[[nodiscard]] DeviceRange inspect(const Device& device, std::uint64_t address, std::uint64_t bytes,
                                  std::string_view what);

/// Whether `allocations` are still what the driver knows at their addresses.
[[nodiscard]] bool still_there(const Device& device, const std::vector<memory::Allocation>& allocations) noexcept;

/// @throws Error(bad_argument) naming `what` where kernels on the device cannot read and write the range at this address.
void require_reachable(const Device& device, std::uint64_t address, std::uint64_t bytes, std::string_view what);

}  // namespace remit::gpu
