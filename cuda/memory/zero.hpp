#pragma once

#include "memory/device.hpp"

#include <cstdint>

namespace remit::gpu {

/// Zeroes memory of the device and waits for that alone, in a stream of its own: neither the model's streams nor a graph
/// capture feel it. The device's context must be current. @throws Error(environment) naming the call.
void zero(const Device& device, std::uint64_t address, std::size_t bytes);

}  // namespace remit::gpu
