#include "driver/context.hpp"

namespace remit::gpu {

PrimaryContext::PrimaryContext(const Driver& driver, CUdevice device) : driver_(driver), device_(device) {
    require(driver, "cuDevicePrimaryCtxRetain", driver.primary_retain(&context_, device));
}

// After an error of the context there is nothing to be done about a refusal.
PrimaryContext::~PrimaryContext() { static_cast<void>(driver_.primary_release(device_)); }

DriverScope::DriverScope(const Driver& driver, CUcontext context) noexcept
    : driver_(driver), status_(driver.context_push(context)) {
    if (status_ != CUDA_SUCCESS) return;
    call_ = "cuThreadExchangeStreamCaptureMode";
    status_ = driver_.exchange_capture_mode(&mode_);
    CUcontext pushed = nullptr;
    if (status_ != CUDA_SUCCESS) static_cast<void>(driver_.context_pop(&pushed));
}

DriverScope::~DriverScope() {
    if (status_ != CUDA_SUCCESS) return;
    static_cast<void>(driver_.exchange_capture_mode(&mode_));
    CUcontext pushed = nullptr;
    static_cast<void>(driver_.context_pop(&pushed));
}

}  // namespace remit::gpu
