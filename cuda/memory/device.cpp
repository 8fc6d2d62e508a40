#include "memory/device.hpp"

#include <remit/error.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace remit::gpu {
namespace {

constexpr int kPcieMappingDriver = 12080;

int attribute(const Driver& driver, CUdevice device, CUdevice_attribute which) {
    int value = 0;
    require(driver, "cuDeviceGetAttribute", driver.device_attribute(&value, which, device));
    return value;
}

void require_ordinal(const Driver& driver, int ordinal) {
    int devices = 0;
    require(driver, "cuDeviceGetCount", driver.device_count(&devices));
    if (ordinal >= 0 && ordinal < devices) return;
    const std::string range = devices == 0 ? "this process sees none (CUDA_VISIBLE_DEVICES?)"
                                           : "permitted: 0 to " + std::to_string(devices - 1);
    throw Error(ErrorKind::bad_argument, "CUDA device is " + std::to_string(ordinal) + "; " + range);
}

template <class Read>
std::string text(const Driver& driver, const char* call, Read read) {
    std::array<char, 256> words{};
    require(driver, call, read(words.data(), static_cast<int>(words.size())));
    return words.data();
}

}  // namespace

DeviceFacts read_device(const Driver& driver, int ordinal) {
    require_ordinal(driver, ordinal);
    DeviceFacts facts;
    facts.ordinal = ordinal;
    require(driver, "cuDeviceGet", driver.device_get(&facts.handle, ordinal));
    facts.name = text(driver, "cuDeviceGetName",
                      [&](char* to, int bytes) { return driver.device_name(to, bytes, facts.handle); });
    facts.pci_address = text(driver, "cuDeviceGetPCIBusId",
                             [&](char* to, int bytes) { return driver.device_pci_address(to, bytes, facts.handle); });
    std::transform(facts.pci_address.begin(), facts.pci_address.end(), facts.pci_address.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto read = [&](CUdevice_attribute which) { return attribute(driver, facts.handle, which); };
    facts.dmabuf = read(CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED) != 0;
    facts.pcie_dmabuf = facts.dmabuf && driver.version >= kPcieMappingDriver && CUDA_VERSION >= kPcieMappingDriver;
    facts.virtual_gpudirect = read(CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED) != 0;
    facts.reads_pageable_memory = read(CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS) != 0;
    facts.dual_path = read(CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES) != 0;
    facts.writes_ordering = read(CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WRITES_ORDERING);
    facts.flush_options = read(CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_FLUSH_WRITES_OPTIONS);
    return facts;
}

memory::Visibility visibility_of(const DeviceFacts& facts) noexcept {
    // With two paths to the memory the driver's promises are of one of them: its flush does nothing where its ordering
    // says that none is needed, and kernels were seen to read stale data behind it.
    if (facts.dual_path) return memory::Visibility::after_read_back;
    // The scatter runs on the device that owns the memory: to be seen there is enough.
    if (facts.writes_ordering >= CU_GPU_DIRECT_RDMA_WRITES_ORDERING_OWNER) return memory::Visibility::at_completion;
    const bool from_host = (facts.flush_options & CU_FLUSH_GPU_DIRECT_RDMA_WRITES_OPTION_HOST) != 0;
    return from_host ? memory::Visibility::after_flush : memory::Visibility::after_read_back;
}

}  // namespace remit::gpu
