#pragma once

#include "driver/context.hpp"
#include "memory/provider.hpp"

#include <cstdint>
#include <string>

namespace remit::gpu {

/// What the driver says of a device, read once.
struct DeviceFacts {
    int ordinal = 0;
    CUdevice handle = 0;
    std::string name;
    std::string pci_address;  ///< in lower case, as in sysfs; CUDA prints it in upper case
    bool dmabuf = false;
    bool pcie_dmabuf = false;        ///< the driver knows the flag for it, from CUDA 12.8 on
    bool virtual_gpudirect = false;  ///< cuMemCreate takes gpuDirectRDMACapable
    bool reads_pageable_memory = false;
    bool dual_path = false;  ///< GPU and CPU have a link of their own beside PCIe, and share page tables
    int writes_ordering = 0;
    int flush_options = 0;
};

/// @throws Error(bad_argument) for an ordinal that is not there, Error(environment) naming the call that failed.
[[nodiscard]] DeviceFacts read_device(const Driver& driver, int ordinal);

/// When copies on the device see what a NIC has written to its memory.
[[nodiscard]] memory::Visibility visibility_of(const DeviceFacts& facts) noexcept;

/// A device and its primary context. Buffers hold it: it ends with the last of them.
struct Device {
    Device(const Driver& driver, int ordinal) : facts(read_device(driver, ordinal)), context(driver, ordinal) {}

    [[nodiscard]] const Driver& driver() const noexcept { return context.driver(); }

    DeviceFacts facts;
    PrimaryContext context;
};

}  // namespace remit::gpu
