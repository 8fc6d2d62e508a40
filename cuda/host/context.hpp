#pragma once

#include <cuda_runtime_api.h>

struct CUctx_st;  // CUcontext, without the driver's header

namespace remit::gpu {

/// Makes a device current and then the *context* that was current before, which need not be a primary one: going back by
/// cudaSetDevice() would leave the user's thread in another context than it had.
class ContextScope {
public:
    explicit ContextScope(int device) noexcept;
    ~ContextScope();
    ContextScope(const ContextScope&) = delete;
    ContextScope& operator=(const ContextScope&) = delete;
    [[nodiscard]] cudaError_t status() const noexcept { return status_; }

private:
    CUctx_st* before_ = nullptr;
    cudaError_t status_;
    bool entered_ = false;
};

/// Lets the thread's CUDA calls pass beside a graph capture elsewhere in the process, which calls in another mode end.
class RelaxedCapture {
public:
    RelaxedCapture() noexcept { exchange(); }
    ~RelaxedCapture() { exchange(); }
    RelaxedCapture(const RelaxedCapture&) = delete;
    RelaxedCapture& operator=(const RelaxedCapture&) = delete;

private:
    void exchange() noexcept { static_cast<void>(cudaThreadExchangeStreamCaptureMode(&mode_)); }
    cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

}  // namespace remit::gpu
