#include "fake_driver.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <iterator>
#include <utility>

namespace remit::gpu::test {
namespace {

FakeDriver machine;
constexpr std::uint64_t kGranule = 2u << 20;
const auto kPrimary = reinterpret_cast<CUcontext>(std::uintptr_t{0xc0de});

std::uint64_t take_addresses(std::uint64_t bytes) {
    const std::uint64_t address = machine.next_address;
    machine.next_address += (bytes + kGranule - 1) / kGranule * kGranule;
    return address;
}

CUresult init(unsigned) { return machine.enter("cuInit"); }
CUresult error_name(CUresult error, const char** name) {
    *name = error == CUDA_ERROR_NOT_SUPPORTED ? "CUDA_ERROR_NOT_SUPPORTED" : "CUDA_ERROR_UNKNOWN";
    return CUDA_SUCCESS;
}
CUresult error_string(CUresult, const char** words) {
    *words = "made to fail";
    return CUDA_SUCCESS;
}
CUresult device_count(int* count) {
    *count = machine.devices;
    return machine.enter("cuDeviceGetCount");
}
CUresult device_get(CUdevice* device, int ordinal) {
    *device = ordinal;
    return machine.enter("cuDeviceGet");
}
CUresult device_name(char* name, int bytes, CUdevice) {
    std::strncpy(name, "Fake GPU", static_cast<std::size_t>(bytes));
    return machine.enter("cuDeviceGetName");
}
CUresult device_attribute(int* value, CUdevice_attribute which, CUdevice) {
    *value = machine.attributes.count(which) != 0 ? machine.attributes.at(which) : 0;
    return machine.enter("cuDeviceGetAttribute");
}
CUresult device_pci_address(char* text, int bytes, CUdevice) {
    std::strncpy(text, "0000:1B:00.0", static_cast<std::size_t>(bytes));
    return machine.enter("cuDeviceGetPCIBusId");
}
CUresult primary_retain(CUcontext* context, CUdevice) {
    if (const CUresult r = machine.enter("cuDevicePrimaryCtxRetain"); r != CUDA_SUCCESS) return r;
    *context = kPrimary;
    ++machine.retained;
    return CUDA_SUCCESS;
}
CUresult primary_release(CUdevice) {
    --machine.retained;
    return CUDA_SUCCESS;
}
CUresult context_push(CUcontext context) {
    if (const CUresult r = machine.enter("cuCtxPushCurrent"); r != CUDA_SUCCESS) return r;
    machine.contexts.push_back(context);
    return CUDA_SUCCESS;
}
CUresult context_pop(CUcontext* context) {
    *context = machine.contexts.back();
    machine.contexts.pop_back();
    return CUDA_SUCCESS;
}
CUresult context_get_flags(unsigned* flags) {
    *flags = machine.context_flags;
    return machine.enter("cuCtxGetFlags");
}
CUresult context_set_flags(unsigned flags) {
    if (const CUresult r = machine.enter("cuCtxSetFlags"); r != CUDA_SUCCESS) return r;
    machine.context_flags = flags;
    return CUDA_SUCCESS;
}
CUresult exchange_capture_mode(CUstreamCaptureMode* mode) {
    // Only the way in may fail: putting a mode back has nobody to tell.
    if (*mode == CU_STREAM_CAPTURE_MODE_RELAXED) {
        if (const CUresult r = machine.enter("cuThreadExchangeStreamCaptureMode"); r != CUDA_SUCCESS) return r;
    }
    std::swap(*mode, machine.capture_mode);
    return CUDA_SUCCESS;
}
CUresult stream_create(CUstream* stream, unsigned flags) {
    if (const CUresult r = machine.enter("cuStreamCreate"); r != CUDA_SUCCESS) return r;
    if (flags != CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
    *stream = reinterpret_cast<CUstream>(std::uintptr_t{0x57});
    ++machine.streams;
    return CUDA_SUCCESS;
}
CUresult stream_destroy(CUstream) {
    --machine.streams;
    return CUDA_SUCCESS;
}
CUresult stream_synchronize(CUstream) { return machine.enter("cuStreamSynchronize"); }
CUresult memset_async(CUdeviceptr address, unsigned char, std::size_t bytes, CUstream) {
    if (const CUresult r = machine.enter("cuMemsetD8Async"); r != CUDA_SUCCESS) return r;
    if (machine.contexts.empty() || machine.find(address + bytes - 1) == nullptr) return CUDA_ERROR_INVALID_VALUE;
    machine.zeroed.push_back(address);
    return CUDA_SUCCESS;
}
CUresult memory_allocate(CUdeviceptr* address, std::size_t bytes) {
    if (const CUresult r = machine.enter("cuMemAlloc"); r != CUDA_SUCCESS) return r;
    if (machine.contexts.empty()) return CUDA_ERROR_INVALID_CONTEXT;
    *address = machine.add(bytes).base;
    return CUDA_SUCCESS;
}
CUresult memory_free(CUdeviceptr address) {
    machine.log.push_back("cuMemFree");
    return machine.memory.erase(address) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
CUresult memory_range(CUdeviceptr* base, std::size_t* bytes, CUdeviceptr address) {
    if (const CUresult r = machine.enter("cuMemGetAddressRange"); r != CUDA_SUCCESS) return r;
    const FakeMemory* found = machine.find(address);
    if (found == nullptr) return CUDA_ERROR_NOT_FOUND;
    *base = found->base;
    *bytes = found->bytes;
    return CUDA_SUCCESS;
}
CUresult memory_export(void* handle, CUdeviceptr address, std::size_t bytes, CUmemRangeHandleType type,
                       unsigned long long flags) {
    if (const CUresult r = machine.enter("cuMemGetHandleForAddressRange"); r != CUDA_SUCCESS) return r;
    if (machine.export_result != CUDA_SUCCESS) return machine.export_result;
    if (type != CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD || address % 4096 != 0 || bytes % 4096 != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const int descriptor = ::memfd_create("remit fake dma-buf", MFD_CLOEXEC);
    if (descriptor < 0 || ::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) return CUDA_ERROR_OPERATING_SYSTEM;
    std::memcpy(handle, &descriptor, sizeof descriptor);
    machine.export_base = address;
    machine.export_bytes = bytes;
    machine.export_flags = flags;
    ++machine.exported;
    return CUDA_SUCCESS;
}
CUresult physical_create(CUmemGenericAllocationHandle* handle, std::size_t bytes, const CUmemAllocationProp* wanted,
                         unsigned long long) {
    if (const CUresult r = machine.enter("cuMemCreate"); r != CUDA_SUCCESS) return r;
    if (bytes % kGranule != 0) return CUDA_ERROR_INVALID_VALUE;
    *handle = ++machine.next_id | (wanted->allocFlags.gpuDirectRDMACapable != 0 ? 1ULL << 32 : 0);
    machine.physical[*handle] = bytes;
    return CUDA_SUCCESS;
}
CUresult physical_release(CUmemGenericAllocationHandle handle) {
    return machine.physical.erase(handle) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
CUresult physical_granularity(std::size_t* granule, const CUmemAllocationProp*, CUmemAllocationGranularity_flags) {
    *granule = kGranule;
    return machine.enter("cuMemGetAllocationGranularity");
}
CUresult address_reserve(CUdeviceptr* address, std::size_t bytes, std::size_t, CUdeviceptr, unsigned long long) {
    if (const CUresult r = machine.enter("cuMemAddressReserve"); r != CUDA_SUCCESS) return r;
    *address = take_addresses(bytes);
    machine.reserved[*address] = bytes;
    return CUDA_SUCCESS;
}
CUresult address_free(CUdeviceptr address, std::size_t bytes) {
    const auto found = machine.reserved.find(address);
    if (found == machine.reserved.end() || found->second != bytes || machine.memory.count(address) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    machine.reserved.erase(found);
    return CUDA_SUCCESS;
}
CUresult memory_map(CUdeviceptr address, std::size_t bytes, std::size_t, CUmemGenericAllocationHandle handle,
                    unsigned long long) {
    if (const CUresult r = machine.enter("cuMemMap"); r != CUDA_SUCCESS) return r;
    FakeMemory mapped{address, bytes};
    mapped.id = ++machine.next_id;
    mapped.virtual_memory = true;
    mapped.capable = (handle >> 32) != 0 && machine.grants_gpudirect;
    machine.memory[address] = mapped;
    return CUDA_SUCCESS;
}
CUresult memory_unmap(CUdeviceptr address, std::size_t) {
    return machine.memory.erase(address) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
CUresult memory_set_access(CUdeviceptr, std::size_t, const CUmemAccessDesc*, std::size_t) {
    return machine.enter("cuMemSetAccess");
}
template <class Value>
CUresult give(void* data, Value value) {
    std::memcpy(data, &value, sizeof value);
    return CUDA_SUCCESS;
}
CUresult pointer_attribute(void* data, CUpointer_attribute attribute, CUdeviceptr address) {
    if (const CUresult r = machine.enter("cuPointerGetAttribute"); r != CUDA_SUCCESS) return r;
    const FakeMemory* found = machine.find(address);
    if (found == nullptr) return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
        case CU_POINTER_ATTRIBUTE_MEMORY_TYPE: return give(data, found->type);
        case CU_POINTER_ATTRIBUTE_IS_MANAGED: return give(data, static_cast<unsigned char>(found->managed));
        case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: return give(data, found->device);
        case CU_POINTER_ATTRIBUTE_BUFFER_ID: return give(data, found->id);
        case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
            return give(data, static_cast<unsigned char>(found->capable));
        case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE: return give(data, std::uintptr_t{found->pooled ? 1U : 0U});
        case CU_POINTER_ATTRIBUTE_DEVICE_POINTER: return give(data, found->alias + (address - found->base));
        default: return CUDA_ERROR_INVALID_VALUE;
    }
}
CUresult pointer_set_attribute(const void*, CUpointer_attribute attribute, CUdeviceptr address) {
    if (const CUresult r = machine.enter("cuPointerSetAttribute"); r != CUDA_SUCCESS) return r;
    FakeMemory* found = machine.find(address);
    if (found == nullptr || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS) return CUDA_ERROR_INVALID_VALUE;
    if (found->virtual_memory) return CUDA_ERROR_NOT_SUPPORTED;
    found->sync_memops = true;
    return CUDA_SUCCESS;
}
CUresult host_register(void* address, std::size_t, unsigned flags) {
    if (const CUresult r = machine.enter("cuMemHostRegister"); r != CUDA_SUCCESS) return r;
    machine.pinned[address] = flags;
    return CUDA_SUCCESS;
}
CUresult host_unregister(void* address) {
    machine.log.push_back("cuMemHostUnregister");
    if (machine.before_unregister) machine.before_unregister();
    unsigned char resident = 0;
    EXPECT_EQ(::mincore(address, 1, &resident), 0) << "unmapped before it was unregistered";
    return machine.pinned.erase(address) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
CUresult host_device_pointer(CUdeviceptr* alias, void* address, unsigned) {
    *alias = reinterpret_cast<std::uintptr_t>(address) + machine.pinned_alias_distance;
    return machine.enter("cuMemHostGetDevicePointer");
}
CUresult flush_rdma_writes(CUflushGPUDirectRDMAWritesTarget, CUflushGPUDirectRDMAWritesScope) {
    if (machine.contexts.empty()) return CUDA_ERROR_INVALID_CONTEXT;
    return machine.enter("cuFlushGPUDirectRDMAWrites");
}

}  // namespace

CUresult FakeDriver::enter(const char* name) {
    log.push_back(name);
    if (calls++ != fail_at) return CUDA_SUCCESS;
    failed_call = name;
    return error;
}

FakeMemory& FakeDriver::add(std::uint64_t bytes) {
    FakeMemory added{take_addresses(bytes), bytes};
    added.id = ++next_id;
    return memory[added.base] = added;
}

void FakeDriver::replace(std::uint64_t base) { memory.at(base).id = ++next_id; }

FakeMemory* FakeDriver::find(std::uint64_t address) {
    auto after = memory.upper_bound(address);
    if (after == memory.begin()) return nullptr;
    FakeMemory& found = std::prev(after)->second;
    return address - found.base < found.bytes ? &found : nullptr;
}

std::string FakeDriver::leaks() const {
    std::string found;
    const auto add = [&](const char* what, std::size_t count) {
        if (count != 0) found += std::string(what) + " " + std::to_string(count) + " ";
    };
    add("memory", memory.size());
    add("physical", physical.size());
    add("addresses", reserved.size());
    add("pinned", pinned.size());
    add("contexts", static_cast<std::size_t>(retained));
    add("streams", static_cast<std::size_t>(streams));
    add("current contexts", contexts.size());
    if (capture_mode != CU_STREAM_CAPTURE_MODE_GLOBAL) found += "capture mode changed";
    return found;
}

FakeDriver& fake() { return machine; }
void reset_fake() { machine = FakeDriver(); }

const Driver& fake_driver() {
    static Driver table;
    table = Driver();
    table.version = machine.version;
#define REMIT_FAKE_MEMBER(member, symbol, since) table.member = member;
    REMIT_DRIVER_CALLS(REMIT_FAKE_MEMBER)
    if (machine.version >= 12010) { REMIT_OPTIONAL_DRIVER_CALLS(REMIT_FAKE_MEMBER) }
#undef REMIT_FAKE_MEMBER
    return table;
}

}  // namespace remit::gpu::test
