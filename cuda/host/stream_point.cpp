#include "host/stream_point.hpp"

#include "host/error_text.hpp"

namespace remit::gpu {

EventPool::~EventPool() {
    const ContextScope scope(*context_);
    for (const cudaEvent_t event : free_) static_cast<void>(cudaEventDestroy(event));
}

cudaError_t EventPool::fill(std::uint32_t count) {
    const std::lock_guard lock(mutex_);
    free_.reserve(count);
    while (free_.size() < count) {
        cudaEvent_t event = nullptr;
        const cudaError_t s = cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
        if (s != cudaSuccess) return s;
        free_.push_back(event);
    }
    return cudaSuccess;
}

cudaError_t EventPool::take(cudaEvent_t& event) {
    {
        const std::lock_guard lock(mutex_);
        if (!free_.empty()) {
            event = free_.back();
            free_.pop_back();
            return cudaSuccess;
        }
    }
    return cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
}

void EventPool::give(cudaEvent_t event) {
    const std::lock_guard lock(mutex_);
    free_.push_back(event);
}

cudaError_t EventPoint::record(const std::shared_ptr<EventPool>& pool, cudaStream_t stream,
                               std::shared_ptr<EventPoint>& point, const char*& call) {
    cudaEvent_t event = nullptr;
    call = "cudaEventCreateWithFlags";
    if (const cudaError_t s = pool->take(event); s != cudaSuccess) return s;
    call = "cudaEventRecord";
    if (const cudaError_t s = cudaEventRecord(event, stream); s != cudaSuccess) {
        pool->give(event);
        return s;
    }
    point.reset(new EventPoint(pool, event));
    return cudaSuccess;
}

bool EventPoint::passed() {
    const std::lock_guard lock(mutex_);
    if (passed_) return true;
    // On any thread: without a context of its own the runtime would give it that of device 0, to stay.
    const ContextScope scope(pool_->context());
    failure_ = scope.failure();
    if (scope.status() == CUDA_SUCCESS) {
        const cudaError_t status = cudaEventQuery(event_);
        if (status == cudaErrorNotReady) return false;
        if (status != cudaSuccess) failure_ = error_text("cudaEventQuery", status);
    }
    passed_ = true;
    return true;
}

std::string EventPoint::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

}  // namespace remit::gpu
