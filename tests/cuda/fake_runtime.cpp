// The functions of the CUDA runtime that remit calls, on the fake machine.

#include "fake_parts.hpp"
#include "kernels/kernels.hpp"

#include <cstring>
#include <utility>

using remit::gpu::test::fake_runtime;
using remit::gpu::test::fake_runtime_mutex;
using remit::gpu::test::fake_thread;
using remit::gpu::test::FakeEvent;
using Lock = std::lock_guard<std::recursive_mutex>;

extern "C" {

const char* cudaGetErrorName(cudaError_t error) {
    switch (error) {
        case cudaSuccess: return "cudaSuccess";
        case cudaErrorECCUncorrectable: return "cudaErrorECCUncorrectable";
        case cudaErrorInvalidResourceHandle: return "cudaErrorInvalidResourceHandle";
        case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
        case cudaErrorUnknown: return "cudaErrorUnknown";
        default: return "cudaErrorOfTheFake";
    }
}

const char* cudaGetErrorString(cudaError_t error) {
    return error == cudaErrorECCUncorrectable ? "uncorrectable ECC error encountered" : "text of the fake";
}

cudaError_t cudaGetLastError() {
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
    const Lock lock(fake_runtime_mutex());
    *version = fake_runtime().driver;
    return fake_runtime().enter("cudaDriverGetVersion");
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
    const Lock lock(fake_runtime_mutex());
    *value = attribute == cudaDevAttrComputeCapabilityMajor ? fake_runtime().compute_major : 0;
    return fake_runtime().enter("cudaDeviceGetAttribute");
}

cudaError_t cudaSetDevice(int device) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaSetDevice"); status != cudaSuccess) return status;
    if (device < 0 || device >= fake_runtime().devices) return cudaErrorInvalidDevice;
    fake_thread().context = remit::gpu::test::primary_context(device);
    return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
    const Lock lock(fake_runtime_mutex());
    *least = fake_runtime().least_priority;
    *greatest = fake_runtime().greatest_priority;
    return fake_runtime().enter("cudaDeviceGetStreamPriorityRange");
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
    const Lock lock(fake_runtime_mutex());
    const cudaError_t status = fake_runtime().enter("cudaStreamCreateWithPriority");
    if (status != cudaSuccess) return status;
    *stream = reinterpret_cast<cudaStream_t>(remit::gpu::test::next_handle());
    fake_runtime().streams[*stream] = {};
    ++fake_runtime().open_streams;
    fake_runtime().stream_flags = flags;
    fake_runtime().stream_priority = priority;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    const Lock lock(fake_runtime_mutex());
    fake_runtime().streams.erase(stream);
    --fake_runtime().open_streams;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    const Lock lock(fake_runtime_mutex());
    if (stream == cudaStreamLegacy) fake_runtime().legacy_stream_waited = true;
    if (const cudaError_t status = fake_runtime().enter("cudaStreamSynchronize"); status != cudaSuccess) return status;
    // A test that still held the stream would wait for ever.
    if (const auto found = fake_runtime().streams.find(stream); found != fake_runtime().streams.end()) {
        found->second.held = false;
    }
    const bool lagged = std::exchange(fake_runtime().lags, false);
    fake_runtime().pump();
    fake_runtime().lags = lagged;
    return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaStreamQuery"); status != cudaSuccess) return status;
    return fake_runtime().streams[stream].waiting.empty() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* capture) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaStreamIsCapturing"); status != cudaSuccess) return status;
    *capture = fake_runtime().streams[stream].capturing ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
    const Lock lock(fake_runtime_mutex());
    std::swap(*mode, fake_thread().capture_mode);
    return fake_runtime().enter("cudaThreadExchangeStreamCaptureMode");
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t s = fake_runtime().enter("cudaEventCreateWithFlags"); s != cudaSuccess) return s;
    *event = reinterpret_cast<cudaEvent_t>(remit::gpu::test::next_handle());
    fake_runtime().events[*event] = {};
    ++fake_runtime().open_events;
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    const Lock lock(fake_runtime_mutex());
    fake_runtime().events.erase(event);
    --fake_runtime().open_events;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaEventRecord"); status != cudaSuccess) return status;
    const std::uint64_t number = ++fake_runtime().events[event].recorded;
    fake_runtime().put(stream, {remit::gpu::test::always, [event, number] {
                                    if (fake_runtime().events.count(event) == 0) return;
                                    fake_runtime().events[event].passed = number;
                                }});
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaEventQuery"); status != cudaSuccess) return status;
    const FakeEvent& asked = fake_runtime().events[event];
    return asked.passed == asked.recorded ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaStreamWaitEvent"); status != cudaSuccess) return status;
    // As on a device: an event that was never recorded lets everybody pass.
    const std::uint64_t wanted = fake_runtime().events[event].recorded;
    fake_runtime().put(stream, {[event, wanted] { return fake_runtime().events[event].passed >= wanted; }, [] {}});
    return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
    const Lock lock(fake_runtime_mutex());
    return remit::gpu::test::take("cudaMalloc", memory, bytes);
}
cudaError_t cudaFree(void* memory) {
    const Lock lock(fake_runtime_mutex());
    return remit::gpu::test::give("cudaFree", "cudaMalloc", memory);
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned flags) {
    const Lock lock(fake_runtime_mutex());
    const cudaError_t status = remit::gpu::test::take("cudaHostAlloc", memory, bytes);
    if (status == cudaSuccess) fake_runtime().host_flags[*memory] = flags;
    return status;
}
cudaError_t cudaFreeHost(void* memory) {
    const Lock lock(fake_runtime_mutex());
    return remit::gpu::test::give("cudaFreeHost", "cudaHostAlloc", memory);
}

cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
    const Lock lock(fake_runtime_mutex());
    *device = static_cast<std::byte*>(host) + fake_runtime().word_alias_distance;
    return fake_runtime().enter("cudaHostGetDevicePointer");
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
    const Lock lock(fake_runtime_mutex());
    std::memset(memory, value, bytes);
    return fake_runtime().enter("cudaMemset");
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaMemcpyAsync"); status != cudaSuccess) return status;
    fake_runtime().put(stream, {remit::gpu::test::always, [to, from, bytes] { std::memcpy(to, from, bytes); }});
    return cudaSuccess;
}

#if CUDART_VERSION >= 12080
#if CUDART_VERSION >= 13000
cudaError_t cudaMemcpyBatchAsync(void* const* to, const void* const* from, const std::size_t* bytes, std::size_t count,
                                 cudaMemcpyAttributes* attributes, std::size_t* first, std::size_t attribute_count,
                                 cudaStream_t stream) {
#else
cudaError_t cudaMemcpyBatchAsync(void** to, void** from, std::size_t* bytes, std::size_t count,
                                 cudaMemcpyAttributes* attributes, std::size_t* first, std::size_t attribute_count,
                                 std::size_t*, cudaStream_t stream) {
#endif
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaMemcpyBatchAsync"); status != cudaSuccess) return status;
    // As the real one refuses it: nothing to copy, an order of the sources that nobody asked for, the legacy stream.
    const bool ordered = attribute_count == 1 && *first == 0 && attributes->srcAccessOrder == cudaMemcpySrcAccessOrderStream;
    if (count == 0 || !ordered || stream == nullptr) return cudaErrorInvalidValue;
    for (std::size_t i = 0; i < count; ++i) {
        if (bytes[i] == 0) return cudaErrorInvalidValue;
        fake_runtime().put(stream, {remit::gpu::test::always, [to = to[i], from = from[i], bytes = bytes[i]] {
                                        std::memcpy(to, from, bytes);
                                    }});
    }
    return cudaSuccess;
}
#endif

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* kernel, void** arguments) {
    const Lock lock(fake_runtime_mutex());
    if (const cudaError_t status = fake_runtime().enter("cudaLaunchKernelExC"); status != cudaSuccess) return status;
    if (kernel == fake_runtime().fail_kernel) return cudaErrorMemoryAllocation;
    remit::gpu::test::Launch launch = remit::gpu::test::read_batch(kernel, arguments[0]);
    launch.number = static_cast<int>(fake_runtime().launches.size());
    launch.kernel = kernel;
    launch.blocks = config->gridDim.x;
    launch.threads = config->blockDim.x;
    launch.stream = config->stream;
    for (unsigned i = 0; i < config->numAttrs; ++i) {
        launch.remote_domain |= config->attrs[i].id == cudaLaunchAttributeMemSyncDomain &&
                                config->attrs[i].val.memSyncDomain == cudaLaunchMemSyncDomainRemote;
    }
    fake_runtime().launches.push_back(launch);
    if (!fake_runtime().run_kernels) return cudaSuccess;
    // Pieces of a list are there when the stream has come so far.
    const bool listed = kernel == remit::gpu::list_copy_kernel();
    const auto* const list = listed ? static_cast<const remit::gpu::ListBatch*>(arguments[0])->pieces : nullptr;
    if (kernel == fake_runtime().hold_kernel) fake_runtime().streams[config->stream].held = true;
    fake_runtime().put(config->stream, {remit::gpu::test::always, [launch, list]() mutable {
                                            if (list != nullptr) {
                                                launch.pieces.assign(list, list + launch.header.pieces);
                                            }
                                            remit::gpu::test::run_kernel(launch);
                                        }});
    return cudaSuccess;
}

}  // extern "C"
