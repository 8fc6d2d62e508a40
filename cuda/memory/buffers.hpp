#pragma once

#include "memory/buffer.hpp"
#include "memory/device.hpp"

#include <cstddef>
#include <memory>
#include <string>

/// Memory that remit allocates with CUDA's help. All of it is zeroed and of whole granules, so that no other allocation
/// shares a page with it. Each function throws Error(environment) naming the call that failed, with nothing left behind.
namespace remit::gpu {

/// As by cudaMalloc.
[[nodiscard]] std::unique_ptr<memory::Buffer> allocate_plain(const std::shared_ptr<const Device>& device, std::size_t bytes);

/// As by cuMemCreate, capable of GPUDirect RDMA where the device has that: gather_only says where it has not.
[[nodiscard]] std::unique_ptr<memory::Buffer> allocate_virtual(const std::shared_ptr<const Device>& device, std::size_t bytes);

/// Host memory on that NUMA node (-1: any), pinned for all devices of the process and mapped for this one. Never
/// write-combined: the CPU reads it. `note` says where the node could not be had.
[[nodiscard]] std::unique_ptr<memory::Buffer> allocate_pinned(const std::shared_ptr<const Device>& device, std::size_t bytes,
                                                              int numa_node, std::string& note);

}  // namespace remit::gpu
