#pragma once

#include "driver/driver.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace remit::gpu::test {

/// A range of memory that the fake driver knows.
struct FakeMemory {
    std::uint64_t base = 0;
    std::uint64_t bytes = 0;
    unsigned type = CU_MEMORYTYPE_DEVICE;
    int device = 0;
    std::uint64_t id = 0;
    bool capable = true;  ///< of GPUDirect RDMA
    bool managed = false;
    bool pooled = false;         ///< of a memory pool
    bool virtual_memory = false;  ///< refuses SYNC_MEMOPS
    bool sync_memops = false;
    std::uint64_t alias = 0;  ///< of host memory: the device's address
};

/// A driver of the test's own: it keeps account of what is held, and any call may be made to fail. There is no memory
/// behind device addresses. One for the process, made new by each test; one thread.
struct FakeDriver {
    int version = CUDA_VERSION;
    int devices = 2;
    std::map<CUdevice_attribute, int> attributes{
        {CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED, 1},
        {CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED, 1},
        {CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WRITES_ORDERING, CU_GPU_DIRECT_RDMA_WRITES_ORDERING_ALL_DEVICES},
    };
    bool grants_gpudirect = true;  ///< to cuMemCreate that asks for it
    CUresult export_result = CUDA_SUCCESS;
    std::size_t pinned_alias_distance = 0;
    int fail_at = -1;  ///< the call with this number fails
    CUresult error = CUDA_ERROR_UNKNOWN;

    int calls = 0;
    std::string failed_call;
    std::vector<std::string> log;
    std::vector<CUcontext> contexts;  ///< current ones, innermost last
    CUstreamCaptureMode capture_mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
    std::map<std::uint64_t, FakeMemory> memory;       ///< by base
    std::map<std::uint64_t, std::uint64_t> physical;  ///< handles of cuMemCreate, with their bytes
    std::map<std::uint64_t, std::uint64_t> reserved;  ///< addresses, with their bytes
    std::map<void*, unsigned> pinned;                 ///< with the flags of the registration
    int retained = 0;
    int streams = 0;
    int exported = 0;
    std::vector<std::uint64_t> zeroed;
    std::function<void()> before_unregister;  ///< called by cuMemHostUnregister
    unsigned context_flags = 0;
    std::uint64_t export_base = 0;
    std::uint64_t export_bytes = 0;
    unsigned long long export_flags = 0;
    std::uint64_t next_address = 0x7f00'0000'0000;
    std::uint64_t next_id = 100;

    /// Counts a call; the status it returns.
    [[nodiscard]] CUresult enter(const char* name);
    /// Memory of somebody else's, at the next free 2 MiB.
    FakeMemory& add(std::uint64_t bytes);
    /// Frees `base` and puts other memory there.
    void replace(std::uint64_t base);
    [[nodiscard]] FakeMemory* find(std::uint64_t address);
    /// "" where nothing is held and everything is as it was; else what is not.
    [[nodiscard]] std::string leaks() const;
};

[[nodiscard]] FakeDriver& fake();
void reset_fake();
/// The fake's functions.
[[nodiscard]] const Driver& fake_driver();

}  // namespace remit::gpu::test
