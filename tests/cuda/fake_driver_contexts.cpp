// The driver's functions for contexts, of the fake machine: what PrimaryContext and ContextScope call.

#include "fake_parts.hpp"

namespace remit::gpu::test {
namespace {

CUresult enter_driver(const char* name) {
    return static_cast<CUresult>(fake_runtime().enter(name));
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
    if (ordinal < 0 || ordinal >= fake_runtime().devices) return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
}
CUresult primary_retain(CUcontext* context, CUdevice device) {
    const std::lock_guard lock(fake_runtime_mutex());
    if (const CUresult result = enter_driver("cuDevicePrimaryCtxRetain"); result != CUDA_SUCCESS) return result;
    *context = static_cast<CUcontext>(primary_context(device));
    ++fake_runtime().retained;
    return CUDA_SUCCESS;
}
CUresult primary_release(CUdevice) {
    const std::lock_guard lock(fake_runtime_mutex());
    --fake_runtime().retained;
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

std::shared_ptr<const PrimaryContext> fake_context(int device) {
    return std::make_shared<const PrimaryContext>(driver_of_the_fake(), device);
}

}  // namespace remit::gpu::test
