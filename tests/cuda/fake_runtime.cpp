#include "fake_runtime.hpp"

#include "kernels/kernels.hpp"

#include <cstdlib>
#include <cstring>

namespace remit::gpu::test {
namespace {

FakeRuntime machine;

template <class Batch>
Launch read_inline(const void* argument) {
    const auto& batch = *static_cast<const Batch*>(argument);
    Launch launch;
    launch.header = batch.header;
    launch.pieces.assign(batch.pieces, batch.pieces + batch.header.pieces);
    return launch;
}

Launch read_batch(const void* kernel, const void* argument) {
    if (kernel == small_copy_kernel()) return read_inline<SmallBatch>(argument);
    if (kernel == large_copy_kernel()) return read_inline<LargeBatch>(argument);
    return read_inline<ListBatch>(argument);
}

cudaError_t take(const char* name, void** out, std::size_t bytes) {
    if (const cudaError_t status = machine.enter(name); status != cudaSuccess) return status;
    *out = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(*out, 0xa5, bytes);
    machine.memory[*out] = name;
    return cudaSuccess;
}

cudaError_t give(const char* name, const char* taken_by, void* memory) {
    machine.log.push_back(name);
    const auto held = machine.memory.find(memory);
    if (held == machine.memory.end() || held->second != taken_by) return cudaErrorInvalidValue;
    machine.memory.erase(held);
    std::free(memory);
    return cudaSuccess;
}

}  // namespace

cudaError_t FakeRuntime::enter(const char* name) {
    log.push_back(name);
    if (calls++ != fail_at) return cudaSuccess;
    failed_call = name;
    return cudaErrorUnknown;
}

FakeRuntime& fake_runtime() {
    return machine;
}

void reset_fake_runtime() {
    for (const auto& [memory, name] : machine.memory) std::free(memory);
    machine = FakeRuntime();
}

}  // namespace remit::gpu::test

using remit::gpu::test::fake_runtime;

extern "C" {

cudaError_t cudaDriverGetVersion(int* version) {
    *version = fake_runtime().driver;
    return fake_runtime().enter("cudaDriverGetVersion");
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
    *value = attribute == cudaDevAttrComputeCapabilityMajor ? fake_runtime().compute_major : 0;
    return fake_runtime().enter("cudaDeviceGetAttribute");
}

cudaError_t cudaGetDevice(int* device) {
    *device = fake_runtime().current_device;
    return fake_runtime().enter("cudaGetDevice");
}

cudaError_t cudaSetDevice(int device) {
    if (const cudaError_t status = fake_runtime().enter("cudaSetDevice"); status != cudaSuccess) return status;
    if (device < 0 || device >= fake_runtime().devices) return cudaErrorInvalidDevice;
    fake_runtime().current_device = device;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
    *least = fake_runtime().least_priority;
    *greatest = fake_runtime().greatest_priority;
    return fake_runtime().enter("cudaDeviceGetStreamPriorityRange");
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
    const cudaError_t status = fake_runtime().enter("cudaStreamCreateWithPriority");
    if (status != cudaSuccess) return status;
    *stream = reinterpret_cast<cudaStream_t>(std::uintptr_t{0x1000});
    ++fake_runtime().open_streams;
    fake_runtime().stream_flags = flags;
    fake_runtime().stream_priority = priority;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t) {
    --fake_runtime().open_streams;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (stream == cudaStreamLegacy) fake_runtime().legacy_stream_waited = true;
    return fake_runtime().enter("cudaStreamSynchronize");
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
    std::swap(*mode, fake_runtime().capture_mode);
    return fake_runtime().enter("cudaThreadExchangeStreamCaptureMode");
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
    return remit::gpu::test::take("cudaMalloc", memory, bytes);
}
cudaError_t cudaFree(void* memory) {
    return remit::gpu::test::give("cudaFree", "cudaMalloc", memory);
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned flags) {
    const cudaError_t status = remit::gpu::test::take("cudaHostAlloc", memory, bytes);
    if (status == cudaSuccess) fake_runtime().host_flags[*memory] = flags;
    return status;
}
cudaError_t cudaFreeHost(void* memory) {
    return remit::gpu::test::give("cudaFreeHost", "cudaHostAlloc", memory);
}

cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
    *device = static_cast<std::byte*>(host) + fake_runtime().word_alias_distance;
    return fake_runtime().enter("cudaHostGetDevicePointer");
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
    std::memset(memory, value, bytes);
    return fake_runtime().enter("cudaMemset");
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t) {
    if (const cudaError_t status = fake_runtime().enter("cudaMemcpyAsync"); status != cudaSuccess) return status;
    std::memcpy(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* kernel, void** arguments) {
    if (const cudaError_t status = fake_runtime().enter("cudaLaunchKernelExC"); status != cudaSuccess) return status;
    remit::gpu::test::Launch launch = remit::gpu::test::read_batch(kernel, arguments[0]);
    launch.kernel = kernel;
    launch.blocks = config->gridDim.x;
    launch.threads = config->blockDim.x;
    launch.stream = config->stream;
    for (unsigned i = 0; i < config->numAttrs; ++i) {
        launch.remote_domain |= config->attrs[i].id == cudaLaunchAttributeMemSyncDomain &&
                                config->attrs[i].val.memSyncDomain == cudaLaunchMemSyncDomainRemote;
    }
    fake_runtime().launches.push_back(launch);
    return cudaSuccess;
}

}  // extern "C"
