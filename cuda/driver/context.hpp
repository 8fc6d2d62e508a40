#pragma once

#include "driver/driver.hpp"

namespace remit::gpu {

/// The primary context of a device, which the CUDA runtime uses too, held while this lives.
class PrimaryContext {
public:
    /// @throws Error(environment) naming the call.
    PrimaryContext(const Driver& driver, CUdevice device);
    ~PrimaryContext();
    PrimaryContext(const PrimaryContext&) = delete;
    PrimaryContext& operator=(const PrimaryContext&) = delete;

    [[nodiscard]] const Driver& driver() const noexcept { return driver_; }
    [[nodiscard]] CUcontext get() const noexcept { return context_; }

private:
    const Driver& driver_;
    CUdevice device_;
    CUcontext context_ = nullptr;
};

/// Makes a context current for the calling thread, and at its end whatever was current before. Meanwhile the thread's
/// CUDA calls pass beside a graph capture elsewhere in the process, which in the default mode they would kill.
class DriverScope {
public:
    DriverScope(const Driver& driver, CUcontext context) noexcept;
    explicit DriverScope(const PrimaryContext& context) noexcept : DriverScope(context.driver(), context.get()) {}
    ~DriverScope();
    DriverScope(const DriverScope&) = delete;
    DriverScope& operator=(const DriverScope&) = delete;

    /// Success, or what failed; nothing was changed then.
    [[nodiscard]] CUresult status() const noexcept { return status_; }
    /// The call that status() is of.
    [[nodiscard]] const char* call() const noexcept { return call_; }
    /// @throws Error(environment) unless status() is success.
    void require() const { remit::gpu::require(driver_, call_, status_); }

private:
    const Driver& driver_;
    CUresult status_;
    const char* call_ = "cuCtxPushCurrent";
    CUstreamCaptureMode mode_ = CU_STREAM_CAPTURE_MODE_RELAXED;  ///< within: the thread's own, to be put back
};

}  // namespace remit::gpu
