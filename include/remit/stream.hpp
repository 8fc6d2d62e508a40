#pragma once

namespace remit {

/// A CUDA stream by its handle, a cudaStream_t or CUstream: this header needs none of CUDA's. Null is the legacy stream of
/// the worker's device. Used during the call that takes it; the stream stays the caller's.
class Stream {
public:
    constexpr Stream(void* handle = nullptr) noexcept : handle_(handle) {}
    [[nodiscard]] constexpr void* handle() const noexcept { return handle_; }

private:
    void* handle_;
};

}  // namespace remit
