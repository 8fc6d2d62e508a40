#include "host/streams.hpp"

#include "host/error_text.hpp"

#include <remit/error.hpp>

#include <utility>

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
    throw Error(ErrorKind::misuse, name_of(stream) +
                                       " captures a graph; a transfer is no part of one: call it before "
                                       "the capture begins or after it has ended");
}

}  // namespace

GpuStreams::GpuStreams(std::shared_ptr<const PrimaryContext> context)
    : events_(std::make_shared<EventPool>(std::move(context))) {
    const ContextScope scope(events_->context());
    scope.require();
    if (const cudaError_t s = events_->fill(kFirstEvents); s != cudaSuccess) {
        throw Error(ErrorKind::environment, error_text("cudaEventCreateWithFlags", s));
    }
}

std::shared_ptr<memory::StreamPoint> GpuStreams::record(memory::StreamHandle handle) {
    const auto stream = static_cast<cudaStream_t>(handle);
    const ContextScope scope(events_->context());
    scope.require();
    refuse_if_capturing(events_->context().ordinal(), stream);
    std::shared_ptr<EventPoint> point;
    const char* call = nullptr;
    const cudaError_t status = EventPoint::record(events_, stream, point, call);
    if (status != cudaSuccess) refuse(events_->context().ordinal(), stream, call, status);
    return point;
}

void GpuStreams::wait(memory::StreamHandle handle, memory::StreamPoint& point) {
    const auto stream = static_cast<cudaStream_t>(handle);
    const ContextScope scope(events_->context());
    scope.require();
    refuse_if_capturing(events_->context().ordinal(), stream);
    const cudaError_t status = cudaStreamWaitEvent(stream, static_cast<EventPoint&>(point).event(), 0);
    if (status != cudaSuccess) refuse(events_->context().ordinal(), stream, "cudaStreamWaitEvent", status);
}

void GpuStreams::refuse_capture(memory::StreamHandle handle) {
    const ContextScope scope(events_->context());
    scope.require();
    refuse_if_capturing(events_->context().ordinal(), static_cast<cudaStream_t>(handle));
}

}  // namespace remit::gpu
