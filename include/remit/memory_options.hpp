#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace remit {

/// Where a pool's blocks and send regions lie.
enum class MemoryKind : std::uint8_t {
    host,    ///< ordinary memory, copied by the CPU
    pinned,  ///< host memory that a GPU reaches too; its kernels copy
    cuda,    ///< memory of a GPU
};

/// How the NIC reaches memory of a GPU. Decided once a pool and logged.
enum class GpuDirect : std::uint8_t {
    automatic,  ///< the first of those below that driver, kernel and NIC take
    dmabuf,     ///< a dma-buf exported by the driver
    peermem,    ///< the kernel module nvidia-peermem
    staged,     ///< not at all: blocks stay on the GPU, pinned host memory is registered in their place
};

/// How memory of a GPU is allocated.
enum class DeviceAllocation : std::uint8_t {
    plain,           ///< as by cudaMalloc
    virtual_memory,  ///< as by cuMemCreate, asked to be capable of GPUDirect RDMA; a multiple of 2 MiB
};

struct MemoryOptions {
    MemoryKind kind = MemoryKind::host;
    int device = 0;  ///< CUDA ordinal; for pinned and cuda
    GpuDirect gpu_direct = GpuDirect::automatic;
    /// Thread blocks that a copy kernel of the worker has at most, which bounds the SMs it takes from the model beside
    /// it, however many NICs the worker has. 0: 8 for each of them, what a 400 Gb/s port wants; at most 65536.
    std::uint32_t sm_budget = 0;
    int stream_priority = 0;  ///< of the copies' stream; lower goes first; brought into the device's range
    DeviceAllocation allocation = DeviceAllocation::plain;
    /// Sets CU_CTX_SYNC_MEMOPS on the device's primary context where memory refuses the attribute for itself, as
    /// virtual memory does. It makes every synchronous copy of the whole process on that device wait: off unless asked for.
    bool context_sync_memops = false;
    /// Memory of a GPU that a framework owns, for a worker's blocks to lie in from its first byte on: pool_bytes(layout,
    /// blocks) of it at least, of kind cuda and of `device`. It must stay until the worker is gone, which never frees it.
    /// Registered as a pool of the worker's own is; memory that must not be registered is staged. Null: the worker allocates.
    void* pool = nullptr;
    std::size_t pool_size = 0;
};

/// How a worker holds its bytes, in words for people and reports.
struct DataPath {
    std::string memory;      ///< "host", "pinned:0", "cuda:0"
    std::string gpu_direct;  ///< how the NIC reaches the pool: "dmabuf-pcie", "dmabuf", "peermem", "staged"; "none": host memory
    std::string gather;      ///< what copies: "kernel", "engines" (of the GPU: staged), "cpu"; "none": nothing is copied that can be sent where it lies
};

}  // namespace remit
