#pragma once

#include <cuda.h>
#include <cudaTypedefs.h>

#include <string>
#include <string_view>

/// The CUDA driver, looked up at run time: one binary serves machines with and without a GPU, and nothing links libcuda.
namespace remit::gpu {

// X(member, symbol, since): `since` is the version of the type below and of the function asked for. The two must not
// differ: the driver keeps several functions under one name, with other parameters.
#define REMIT_DRIVER_CALLS(X)                                      \
    X(init, cuInit, 2000)                                          \
    X(error_name, cuGetErrorName, 6000)                            \
    X(error_string, cuGetErrorString, 6000)                        \
    X(device_count, cuDeviceGetCount, 2000)                        \
    X(device_get, cuDeviceGet, 2000)                               \
    X(device_name, cuDeviceGetName, 2000)                          \
    X(device_attribute, cuDeviceGetAttribute, 2000)                \
    X(device_pci_address, cuDeviceGetPCIBusId, 4010)               \
    X(primary_retain, cuDevicePrimaryCtxRetain, 7000)              \
    X(primary_release, cuDevicePrimaryCtxRelease, 11000)           \
    X(context_push, cuCtxPushCurrent, 4000)                        \
    X(context_pop, cuCtxPopCurrent, 4000)                          \
    X(context_get_flags, cuCtxGetFlags, 7000)                      \
    X(exchange_capture_mode, cuThreadExchangeStreamCaptureMode, 10010) \
    X(stream_create, cuStreamCreate, 2000)                         \
    X(stream_destroy, cuStreamDestroy, 4000)                       \
    X(stream_synchronize, cuStreamSynchronize, 2000)               \
    X(memset_async, cuMemsetD8Async, 3020)                         \
    X(memory_allocate, cuMemAlloc, 3020)                           \
    X(memory_free, cuMemFree, 3020)                                \
    X(memory_range, cuMemGetAddressRange, 3020)                    \
    X(memory_export, cuMemGetHandleForAddressRange, 11070)         \
    X(physical_create, cuMemCreate, 10020)                         \
    X(physical_release, cuMemRelease, 10020)                       \
    X(physical_granularity, cuMemGetAllocationGranularity, 10020)  \
    X(address_reserve, cuMemAddressReserve, 10020)                 \
    X(address_free, cuMemAddressFree, 10020)                       \
    X(memory_map, cuMemMap, 10020)                                 \
    X(memory_unmap, cuMemUnmap, 10020)                             \
    X(memory_set_access, cuMemSetAccess, 10020)                    \
    X(pointer_attribute, cuPointerGetAttribute, 4000)              \
    X(pointer_set_attribute, cuPointerSetAttribute, 6000)          \
    X(host_register, cuMemHostRegister, 6050)                      \
    X(host_unregister, cuMemHostUnregister, 4000)                  \
    X(host_device_pointer, cuMemHostGetDevicePointer, 3020)        \
    X(flush_rdma_writes, cuFlushGPUDirectRDMAWrites, 11030)

// Newer than the oldest driver that this build takes: null where the driver has not got it.
#define REMIT_OPTIONAL_DRIVER_CALLS(X) X(context_set_flags, cuCtxSetFlags, 12010)

/// The driver's functions as a table, so that tests can put others in their place.
struct Driver {
    int version = 0;  ///< of CUDA that the driver serves, as 12040 for 12.4
#define REMIT_DRIVER_MEMBER(member, symbol, since) PFN_##symbol##_v##since member = nullptr;
    REMIT_DRIVER_CALLS(REMIT_DRIVER_MEMBER)
    REMIT_OPTIONAL_DRIVER_CALLS(REMIT_DRIVER_MEMBER)
#undef REMIT_DRIVER_MEMBER
};

/// "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory".
[[nodiscard]] std::string error_text(const Driver& driver, std::string_view call, CUresult error);

/// @throws Error(environment) with error_text() and `context` behind it, unless `result` is success.
void require(const Driver& driver, std::string_view call, CUresult result, std::string_view context = {});

}  // namespace remit::gpu
