#include "memory/pointers.hpp"

#include <remit/error.hpp>

#include <cstdio>

namespace remit::gpu {
namespace {

std::string hexadecimal(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

[[noreturn]] void refuse(std::string_view what, std::uint64_t address, const std::string& why) {
    throw Error(ErrorKind::bad_argument, std::string(what) + " at " + hexadecimal(address) + " " + why);
}

/// Attributes of one pointer. Read one at a time: asked for together, the driver fills in zeros for what it refuses.
class Pointer {
public:
    Pointer(const Device& device, std::uint64_t address) : driver_(device.driver()), address_(address) {}

    /// `value` starts as zero and may be wider than what the driver writes: truths come as one byte or as four.
    template <class Value>
    [[nodiscard]] CUresult read(CUpointer_attribute attribute, Value& value) const noexcept {
        return driver_.pointer_attribute(&value, attribute, address_);
    }
    /// 0 where the driver knows no such memory. @throws Error(environment) where it fails otherwise.
    [[nodiscard]] unsigned memory_type() const {
        unsigned type = 0;
        const CUresult result = read(CU_POINTER_ATTRIBUTE_MEMORY_TYPE, type);
        if (result == CUDA_ERROR_INVALID_VALUE) return 0;
        require(driver_, "cuPointerGetAttribute", result);
        return type;
    }
    [[nodiscard]] int device() const {
        int ordinal = -1;
        require(driver_, "cuPointerGetAttribute", read(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, ordinal));
        return ordinal;
    }
    [[nodiscard]] bool managed() const {
        std::uint64_t managed = 0;
        require(driver_, "cuPointerGetAttribute", read(CU_POINTER_ATTRIBUTE_IS_MANAGED, managed));
        return managed != 0;
    }
    [[nodiscard]] std::string why(CUresult result) const {
        return error_text(driver_, "cuPointerGetAttribute", result);
    }
    [[nodiscard]] CUresult range(std::uint64_t& base, std::uint64_t& bytes) const noexcept {
        CUdeviceptr start = 0;
        std::size_t size = 0;
        const CUresult result = driver_.memory_range(&start, &size, address_);
        base = start;
        bytes = size;
        return result;
    }

private:
    const Driver& driver_;
    std::uint64_t address_;
};

void require_device_memory(const Device& device, std::uint64_t address, std::string_view what) {
    const Pointer pointer(device, address);
    const unsigned type = pointer.memory_type();
    const std::string own = "cuda:" + std::to_string(device.facts.ordinal);
    if (type == 0)
        refuse(what, address, "is memory that CUDA does not know: ordinary host memory is no memory of " + own);
    if (type == CU_MEMORYTYPE_HOST) refuse(what, address, "is host memory, not memory of " + own);
    const int ordinal = pointer.device();
    if (ordinal == device.facts.ordinal) return;
    refuse(what, address, "is memory of cuda:" + std::to_string(ordinal) + ", not of " + own);
}

/// Why the memory that `pointer` points to must not be registered. Memory of other processes (IPC), of pools and of
/// expandable segments may or may not be capable, whatever it was asked for: only reading back tells.
std::string obstacle(const Pointer& pointer, std::uint64_t& buffer_id) {
    if (pointer.managed()) return "managed memory moves between host and device";
    std::uint64_t capable = 0;
    CUresult result = pointer.read(CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE, capable);
    if (result != CUDA_SUCCESS) return "whether it is capable of GPUDirect RDMA cannot be read: " + pointer.why(result);
    if (capable == 0) {
        CUmemoryPool pool = nullptr;
        const bool pooled = pointer.read(CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, pool) == CUDA_SUCCESS && pool != nullptr;
        return pooled ? "memory of a CUDA memory pool that is not capable of GPUDirect RDMA"
                      : "memory that is not capable of GPUDirect RDMA";
    }
    result = pointer.read(CU_POINTER_ATTRIBUTE_BUFFER_ID, buffer_id);
    if (result == CUDA_SUCCESS && buffer_id != 0) return {};
    return "memory without a buffer id: nothing would tell that it was freed and allocated anew" +
           (result == CUDA_SUCCESS ? "" : " (" + pointer.why(result) + ")");
}

memory::Allocation read_allocation(const Device& device, std::uint64_t address, std::string_view what,
                                   std::string& gather_only) {
    require_device_memory(device, address, what);
    const Pointer pointer(device, address);
    memory::Allocation allocation;
    require(device.driver(), "cuMemGetAddressRange", pointer.range(allocation.base, allocation.bytes),
            std::string(what) + " at " + hexadecimal(address));
    if (address < allocation.base || address - allocation.base >= allocation.bytes) {
        refuse(what, address, "lies outside the range the driver shows for it");
    }
    const std::string why_not = obstacle(pointer, allocation.id);
    if (gather_only.empty()) gather_only = why_not;
    return allocation;
}

}  // namespace

DeviceRange inspect(const Device& device, std::uint64_t address, std::uint64_t bytes, std::string_view what) {
    if (bytes == 0) refuse(what, address, "has 0 bytes; permitted: at least 1");
    if (address + bytes < address) refuse(what, address, "wraps round the end of memory");
    const ContextScope scope(device.context);
    scope.require();
    DeviceRange range;
    for (std::uint64_t next = address; next < address + bytes;) {
        range.allocations.push_back(read_allocation(device, next, what, range.gather_only));
        next = range.allocations.back().base + range.allocations.back().bytes;
    }
    return range;
}

bool still_there(const Device& device, const std::vector<memory::Allocation>& allocations) noexcept {
    // Adopted memory without an id is never registered; what was is told by its ids.
    const ContextScope scope(device.context);
    if (scope.status() != CUDA_SUCCESS) return false;
    for (const memory::Allocation& known : allocations) {
        const Pointer pointer(device, known.base);
        memory::Allocation now;
        if (pointer.range(now.base, now.bytes) != CUDA_SUCCESS) return false;
        if (pointer.read(CU_POINTER_ATTRIBUTE_BUFFER_ID, now.id) != CUDA_SUCCESS || now != known) return false;
    }
    return true;
}

void require_reachable(const Device& device, std::uint64_t address, std::uint64_t bytes, std::string_view what) {
    if (bytes == 0) return;
    const ContextScope scope(device.context);
    scope.require();
    for (const std::uint64_t at : {address, address + bytes - 1}) {
        const Pointer pointer(device, at);
        const unsigned type = pointer.memory_type();
        if (type == 0 && !device.facts.reads_pageable_memory) {
            refuse(what, at,
                   "is ordinary host memory, which kernels on cuda:" + std::to_string(device.facts.ordinal) +
                       " cannot reach: pin it, or use memory kind host");
        }
        CUdeviceptr alias = 0;
        if (type == CU_MEMORYTYPE_HOST &&
            (pointer.read(CU_POINTER_ATTRIBUTE_DEVICE_POINTER, alias) != CUDA_SUCCESS || alias != at)) {
            refuse(what, at, "is pinned host memory that kernels reach at another address only: pass that one");
        }
        if (type == CU_MEMORYTYPE_DEVICE && !pointer.managed()) require_device_memory(device, at, what);
    }
}

}  // namespace remit::gpu
