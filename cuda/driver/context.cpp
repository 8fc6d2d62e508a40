#include "driver/context.hpp"

namespace remit::gpu {

PrimaryContext::PrimaryContext(const Driver& driver, int ordinal) : driver_(driver), ordinal_(ordinal) {
    require(driver, "cuDeviceGet", driver.device_get(&device_, ordinal));
    require(driver, "cuDevicePrimaryCtxRetain", driver.primary_retain(&context_, device_));
}

// After an error of the context there is nothing to be done about a refusal.
PrimaryContext::~PrimaryContext() {
    static_cast<void>(driver_.primary_release(device_));
}

ContextScope::ContextScope(const PrimaryContext& context) noexcept
    : driver_(context.driver()), status_(driver_.context_push(context.get())) {
    if (status_ != CUDA_SUCCESS) return;
    call_ = "cuThreadExchangeStreamCaptureMode";
    status_ = driver_.exchange_capture_mode(&mode_);
    CUcontext pushed = nullptr;
    if (status_ != CUDA_SUCCESS) static_cast<void>(driver_.context_pop(&pushed));
}

ContextScope::~ContextScope() {
    if (status_ != CUDA_SUCCESS) return;
    static_cast<void>(driver_.exchange_capture_mode(&mode_));
    CUcontext pushed = nullptr;
    static_cast<void>(driver_.context_pop(&pushed));
}

std::string ContextScope::failure() const {
    return status_ == CUDA_SUCCESS ? std::string() : error_text(driver_, call_, status_);
}

}  // namespace remit::gpu
