#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

namespace remit::gpu::bench {

inline void check(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorName(status) + ": " + cudaGetErrorString(status));
}

/// Where memory lies: on the device, or in the host's memory, pinned and mapped as staged regions are.
enum class Place { device, pinned };

/// Memory by the device's address.
class Buffer {
public:
    explicit Buffer(std::size_t bytes, Place place = Place::device) {
        if (place == Place::device) {
            check(cudaMalloc(&data_, bytes), "cudaMalloc");
            return;
        }
        check(cudaHostAlloc(&host_, bytes, cudaHostAllocMapped | cudaHostAllocPortable), "cudaHostAlloc");
        check(cudaHostGetDevicePointer(&data_, host_, 0), "cudaHostGetDevicePointer");
    }
    ~Buffer() { static_cast<void>(host_ != nullptr ? cudaFreeHost(host_) : cudaFree(data_)); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(data_); }
    [[nodiscard]] std::uint64_t address() const { return reinterpret_cast<std::uintptr_t>(data_); }

private:
    void* data_ = nullptr;
    void* host_ = nullptr;  ///< of pinned memory
};

class Stream {
public:
    Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
    ~Stream() { static_cast<void>(cudaStreamDestroy(stream_)); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    [[nodiscard]] cudaStream_t get() const { return stream_; }

private:
    cudaStream_t stream_ = nullptr;
};

/// Seconds on the device for one `step`, which enqueues on `stream` and is told its number: first a few to warm up
/// and to see how many fit into `budget` seconds, then that many, the best of three times.
[[nodiscard]] double seconds_of(cudaStream_t stream, double budget, const std::function<void(std::uint64_t)>& step);

}  // namespace remit::gpu::bench
