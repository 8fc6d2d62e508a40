#pragma once

#include "driver/driver.hpp"

#include <string>

namespace remit::gpu {

/// The primary context of a device, which the CUDA runtime uses too, held while this lives. Any thread.
class PrimaryContext {
public:
    /// `driver` must outlive it. @throws Error(environment) naming the call.
    PrimaryContext(const Driver& driver, int ordinal);
    ~PrimaryContext();
    PrimaryContext(const PrimaryContext&) = delete;
    PrimaryContext& operator=(const PrimaryContext&) = delete;

    [[nodiscard]] const Driver& driver() const noexcept { return driver_; }
    /// Of the device, as CUDA numbers those that this process sees.
    [[nodiscard]] int ordinal() const noexcept { return ordinal_; }
    [[nodiscard]] CUcontext get() const noexcept { return context_; }

private:
    const Driver& driver_;
    int ordinal_;
    CUdevice device_ = 0;
    CUcontext context_ = nullptr;
};

/// Makes a context current for the calling thread, and at its end whatever was current before, which need not be a
/// primary one: going back by cudaSetDevice() would leave the user's thread in another context than it had. Meanwhile
/// the thread's CUDA calls, those of the runtime among them, pass beside a graph capture elsewhere in the process,
/// which in the default mode they would kill.
class ContextScope {
public:
    explicit ContextScope(const PrimaryContext& context) noexcept;
    ~ContextScope();
    ContextScope(const ContextScope&) = delete;
    ContextScope& operator=(const ContextScope&) = delete;

    /// Success, or what failed; nothing was changed then.
    [[nodiscard]] CUresult status() const noexcept { return status_; }
    /// The call that status() is of.
    [[nodiscard]] const char* call() const noexcept { return call_; }
    /// What failed, as error_text(); empty where nothing did.
    [[nodiscard]] std::string failure() const;
    /// @throws Error(environment) unless status() is success.
    void require() const { remit::gpu::require(driver_, call_, status_); }

private:
    const Driver& driver_;
    CUresult status_;
    const char* call_ = "cuCtxPushCurrent";
    CUstreamCaptureMode mode_ = CU_STREAM_CAPTURE_MODE_RELAXED;  ///< within: the thread's own, to be put back
};

}  // namespace remit::gpu
