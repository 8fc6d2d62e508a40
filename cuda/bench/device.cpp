#include "bench/device.hpp"

#include <algorithm>

namespace remit::gpu::bench {
namespace {

class Event {
public:
    Event() { check(cudaEventCreate(&event_), "cudaEventCreate"); }
    ~Event() { static_cast<void>(cudaEventDestroy(event_)); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    [[nodiscard]] cudaEvent_t get() const { return event_; }

private:
    cudaEvent_t event_ = nullptr;
};

double run(cudaStream_t stream, std::uint64_t steps, std::uint64_t& next,
           const std::function<void(std::uint64_t)>& step) {
    const Event begin;
    const Event end;
    check(cudaEventRecord(begin.get(), stream), "cudaEventRecord");
    for (std::uint64_t i = 0; i < steps; ++i) step(next++);
    check(cudaEventRecord(end.get(), stream), "cudaEventRecord");
    check(cudaEventSynchronize(end.get()), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()), "cudaEventElapsedTime");
    return static_cast<double>(milliseconds) * 1e-3;
}

}  // namespace

double seconds_of(cudaStream_t stream, double budget, const std::function<void(std::uint64_t)>& step) {
    std::uint64_t next = 0;
    run(stream, 3, next, step);
    const double once = run(stream, 10, next, step) / 10;
    const auto steps = static_cast<std::uint64_t>(std::clamp(budget / 3 / std::max(once, 1e-7), 10.0, 20000.0));
    double best = run(stream, steps, next, step);
    for (int i = 0; i < 2; ++i) best = std::min(best, run(stream, steps, next, step));
    return best / static_cast<double>(steps);
}

}  // namespace remit::gpu::bench
