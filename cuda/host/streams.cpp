#include "host/streams.hpp"

#include "host/context.hpp"
#include "host/error_text.hpp"

#include <remit/error.hpp>

namespace remit::gpu {
namespace {

constexpr std::uint32_t kFirstEvents = 64;

std::string name_of(cudaStream_t stream) {
    if (stream == nullptr || stream == cudaStreamLegacy) return "the legacy stream";
    return "stream " + std::to_string(reinterpret_cast<std::uintptr_t>(stream));
}

[[noreturn]] void refuse(int device, cudaStream_t stream, const char* call, cudaError_t status) {
    static_cast<void>(cudaGetLastError());
    const std::string text = name_of(stream) + ": " + error_text(call, status);
    if (status == cudaErrorInvalidResourceHandle || status == cudaErrorInvalidValue ||
        status == cudaErrorContextIsDestroyed) {
        throw Error(ErrorKind::bad_argument,
                    text + "; permitted: a living stream of device " + std::to_string(device) + ", or null");
    }
    if (status == cudaErrorStreamCaptureImplicit || status == cudaErrorStreamCaptureUnsupported) {
        throw Error(ErrorKind::misuse, text + "; a graph is being captured: call it outside of the capture");
    }
    throw Error(ErrorKind::environment, text);
}

void refuse_if_capturing(int device, cudaStream_t stream) {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    if (const cudaError_t s = cudaStreamIsCapturing(stream, &status); s != cudaSuccess) {
        refuse(device, stream, "cudaStreamIsCapturing", s);
    }
    if (status == cudaStreamCaptureStatusNone) return;
    throw Error(ErrorKind::misuse, name_of(stream) + " captures a graph; a transfer is no part of one: call it before "
                                                     "the capture begins or after it has ended");
}

/// The device current and calls relaxed, for the length of a call on the user's thread.
struct Scope {
    explicit Scope(int device) : context(device) {
        if (context.status() == cudaSuccess) return;
        throw Error(ErrorKind::environment, error_text("making the device current", context.status()));
    }
    ContextScope context;
    RelaxedCapture relaxed;
};

}  // namespace

GpuStreams::GpuStreams(int device) : events_(std::make_shared<EventPool>(device)) {
    const Scope scope(device);
    if (const cudaError_t s = events_->fill(kFirstEvents); s != cudaSuccess) {
        throw Error(ErrorKind::environment, error_text("cudaEventCreateWithFlags", s));
    }
}

std::shared_ptr<memory::StreamPoint> GpuStreams::record(memory::StreamHandle handle) {
    const auto stream = static_cast<cudaStream_t>(handle);
    const Scope scope(events_->device());
    refuse_if_capturing(events_->device(), stream);
    std::shared_ptr<EventPoint> point;
    const char* call = nullptr;
    const cudaError_t status = EventPoint::record(events_, stream, point, call);
    if (status != cudaSuccess) refuse(events_->device(), stream, call, status);
    return point;
}

void GpuStreams::wait(memory::StreamHandle handle, memory::StreamPoint& point) {
    const auto stream = static_cast<cudaStream_t>(handle);
    const Scope scope(events_->device());
    refuse_if_capturing(events_->device(), stream);
    const cudaError_t status = cudaStreamWaitEvent(stream, static_cast<EventPoint&>(point).event(), 0);
    if (status != cudaSuccess) refuse(events_->device(), stream, "cudaStreamWaitEvent", status);
}

void GpuStreams::refuse_capture(memory::StreamHandle handle) {
    const Scope scope(events_->device());
    refuse_if_capturing(events_->device(), static_cast<cudaStream_t>(handle));
}

}  // namespace remit::gpu
