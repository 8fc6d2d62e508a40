// The fake machine itself: memory, streams, threads, and what tests do to it.

#include "fake_parts.hpp"

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace remit::gpu::test {
namespace {

FakeRuntime machine;

bool run_one(FakeStream& stream) {
    if (stream.held || stream.waiting.empty() || !stream.waiting.front().ready()) return false;
    const FakeStream::Operation operation = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    operation.run();
    return true;
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

}  // namespace

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

std::uintptr_t next_handle() {
    static std::uintptr_t last = 0x1000;
    return last += 0x10;
}

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
    if (dead != cudaSuccess || lags) return;
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

bool step_gpu(std::uint64_t choice) {
    const std::lock_guard lock(fake_runtime_mutex());
    std::vector<FakeStream*> runnable;
    for (auto& [handle, stream] : machine.streams) {
        if (!stream.held && !stream.waiting.empty() && stream.waiting.front().ready()) runnable.push_back(&stream);
    }
    return machine.dead == cudaSuccess && !runnable.empty() && run_one(*runnable[choice % runnable.size()]);
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
