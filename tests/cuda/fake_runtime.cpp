#include "fake_runtime.hpp"

#include "kernels/kernels.hpp"
#include "kernels/work.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

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

void run_piece(const PieceView& piece) {
    const std::uint64_t bytes = std::uint64_t{piece.end - piece.begin - 1} * kSlotBytes + piece.tail - piece.head;
    auto* const destination = reinterpret_cast<std::byte*>(piece.destination + piece.head);
    if (piece.mode == Mode::zeros) {
        std::memset(destination, 0, bytes);
    } else {
        std::memcpy(destination, reinterpret_cast<const std::byte*>(piece.source + piece.head), bytes);
    }
}

void run_kernel(const Launch& launch) {
    for (std::uint32_t i = 0; i < launch.header.pieces; ++i) run_piece(view_of(launch.header, launch.pieces.data(), i));
    if (machine.lose_words) return;
    auto* const word = launch.header.progress - machine.word_alias_distance / sizeof(std::uint64_t);
    std::atomic_ref<std::uint64_t>(*word).store(launch.header.sequence, std::memory_order_release);
}

bool run_one(FakeStream& stream) {
    if (stream.held || stream.waiting.empty() || !stream.waiting.front().ready()) return false;
    const FakeStream::Operation operation = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    operation.run();
    return true;
}

bool always() {
    return true;
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

/// A stream handle or event that is nobody's.
std::uintptr_t next_handle() {
    static std::uintptr_t last = 0x1000;
    return last += 0x10;
}

bool needs_a_context(std::string_view call) {
    return call.substr(0, 4) == "cuda" && call != "cudaSetDevice" && call != "cudaDriverGetVersion" &&
           call != "cudaThreadExchangeStreamCaptureMode";
}

bool in_a_primary_context() {
    for (int device = 0; device < machine.devices; ++device) {
        if (fake_thread().context == primary_context(device)) return true;
    }
    return false;
}

// -------------------------------------------------------------------------------------- the driver

CUresult enter_driver(const char* name) {
    return static_cast<CUresult>(machine.enter(name));
}

CUresult error_name(CUresult error, const char** name) {
    *name = cudaGetErrorName(static_cast<cudaError_t>(error));
    return CUDA_SUCCESS;
}
CUresult error_string(CUresult error, const char** words) {
    *words = cudaGetErrorString(static_cast<cudaError_t>(error));
    return CUDA_SUCCESS;
}
CUresult device_get(CUdevice* device, int ordinal) {
    const std::lock_guard lock(fake_runtime_mutex());
    if (const CUresult result = enter_driver("cuDeviceGet"); result != CUDA_SUCCESS) return result;
    if (ordinal < 0 || ordinal >= machine.devices) return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
}
CUresult primary_retain(CUcontext* context, CUdevice device) {
    const std::lock_guard lock(fake_runtime_mutex());
    if (const CUresult result = enter_driver("cuDevicePrimaryCtxRetain"); result != CUDA_SUCCESS) return result;
    *context = static_cast<CUcontext>(primary_context(device));
    ++machine.retained;
    return CUDA_SUCCESS;
}
CUresult primary_release(CUdevice) {
    const std::lock_guard lock(fake_runtime_mutex());
    --machine.retained;
    return CUDA_SUCCESS;
}
CUresult context_push(CUcontext context) {
    const std::lock_guard lock(fake_runtime_mutex());
    if (const CUresult result = enter_driver("cuCtxPushCurrent"); result != CUDA_SUCCESS) return result;
    fake_thread().pushed.push_back(fake_thread().context);
    fake_thread().context = context;
    return CUDA_SUCCESS;
}
CUresult context_pop(CUcontext* context) {
    if (fake_thread().pushed.empty()) return CUDA_ERROR_INVALID_CONTEXT;
    *context = static_cast<CUcontext>(fake_thread().context);
    fake_thread().context = fake_thread().pushed.back();
    fake_thread().pushed.pop_back();
    return CUDA_SUCCESS;
}
CUresult exchange_capture_mode(CUstreamCaptureMode* mode) {
    const std::lock_guard lock(fake_runtime_mutex());
    // Only the way in may fail: putting a mode back has nobody to tell.
    if (*mode == CU_STREAM_CAPTURE_MODE_RELAXED) {
        const CUresult result = enter_driver("cuThreadExchangeStreamCaptureMode");
        if (result != CUDA_SUCCESS) return result;
    }
    const cudaStreamCaptureMode before = fake_thread().capture_mode;
    fake_thread().capture_mode = static_cast<cudaStreamCaptureMode>(*mode);
    *mode = static_cast<CUstreamCaptureMode>(before);
    return CUDA_SUCCESS;
}

/// What PrimaryContext and ContextScope call.
const Driver& driver_of_the_fake() {
    static const Driver table = [] {
        Driver driver;
        driver.error_name = error_name;
        driver.error_string = error_string;
        driver.device_get = device_get;
        driver.primary_retain = primary_retain;
        driver.primary_release = primary_release;
        driver.context_push = context_push;
        driver.context_pop = context_pop;
        driver.exchange_capture_mode = exchange_capture_mode;
        return driver;
    }();
    return table;
}

}  // namespace

cudaError_t FakeRuntime::enter(const char* name) {
    log.push_back(name);
    for (auto& [handle, stream] : streams) {
        const std::string_view call = name;
        const bool unsafe = call == "cudaEventQuery" || call == "cudaStreamQuery" || call == "cudaMalloc";
        if (stream.capturing && unsafe && fake_thread().capture_mode != cudaStreamCaptureModeRelaxed) ++killed_captures;
    }
    if (needs_a_context(name) && !in_a_primary_context()) astray.emplace_back(name);
    if (dead != cudaSuccess) return dead;
    if (const auto told = fail_call.find(name); told != fail_call.end()) return told->second;
    if (calls++ != fail_at) return cudaSuccess;
    failed_call = name;
    return cudaErrorUnknown;
}

void FakeRuntime::put(cudaStream_t stream, FakeStream::Operation operation) {
    streams[stream].waiting.push_back(std::move(operation));
    pump();
}

void FakeRuntime::pump() {
    if (dead != cudaSuccess) return;
    for (bool moved = true; moved;) {
        moved = false;
        for (auto& [handle, stream] : streams) moved |= run_one(stream);
    }
}

std::recursive_mutex& fake_runtime_mutex() {
    static std::recursive_mutex mutex;
    return mutex;
}

FakeRuntime& fake_runtime() {
    return machine;
}

FakeThread& fake_thread() {
    thread_local FakeThread thread;
    return thread;
}

void* primary_context(int device) {
    return reinterpret_cast<void*>(std::uintptr_t{0xc0} + static_cast<unsigned>(device));
}

std::shared_ptr<const PrimaryContext> fake_context(int device) {
    return std::make_shared<const PrimaryContext>(driver_of_the_fake(), device);
}

void reset_fake_runtime() {
    const std::lock_guard lock(fake_runtime_mutex());
    for (const auto& [memory, name] : machine.memory) std::free(memory);
    machine = FakeRuntime();
    fake_thread() = FakeThread();
}

cudaStream_t make_user_stream() {
    const std::lock_guard lock(fake_runtime_mutex());
    auto* const stream = reinterpret_cast<cudaStream_t>(next_handle());
    machine.streams[stream] = {};
    return stream;
}

void hold_stream(cudaStream_t stream, bool held) {
    const std::lock_guard lock(fake_runtime_mutex());
    machine.streams[stream].held = held;
    machine.pump();
}

void put_work(cudaStream_t stream, std::function<void()> work) {
    const std::lock_guard lock(fake_runtime_mutex());
    machine.put(stream, {always, std::move(work)});
}

void kill_gpu(cudaError_t error) {
    const std::lock_guard lock(fake_runtime_mutex());
    machine.dead = error;
    for (auto& [handle, stream] : machine.streams) stream.waiting.clear();
}

}  // namespace remit::gpu::test

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
    fake_runtime().pump();
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

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* kernel, void** arguments) {
    const Lock lock(fake_runtime_mutex());
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
    if (!fake_runtime().run_kernels) return cudaSuccess;
    // Pieces of a list are there when the stream has come so far.
    const bool listed = kernel == remit::gpu::list_copy_kernel();
    const auto* const list = listed ? static_cast<const remit::gpu::ListBatch*>(arguments[0])->pieces : nullptr;
    fake_runtime().put(config->stream, {remit::gpu::test::always, [launch, list]() mutable {
                                            if (list != nullptr) {
                                                launch.pieces.assign(list, list + launch.header.pieces);
                                            }
                                            remit::gpu::test::run_kernel(launch);
                                        }});
    return cudaSuccess;
}

}  // extern "C"
