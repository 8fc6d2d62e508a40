#include "bench/companion.hpp"

#include "bench/device.hpp"

#include <utility>

namespace remit::gpu::bench {

Companion::Companion(int device, std::function<void()> beside) : beside_(std::move(beside)) {
    thread_ = std::thread([this, device] { run(device); });
    while (!going_.load()) std::this_thread::yield();
}

Companion::~Companion() {
    stop_ = true;
    thread_.join();
}

void Companion::rethrow() const {
    if (failed_.load()) std::rethrow_exception(error_);
}

void Companion::run(int device) {
    try {
        check(cudaSetDevice(device), "cudaSetDevice");
        for (; !stop_.load(); going_ = true) beside_();
    } catch (...) {
        error_ = std::current_exception();
        failed_ = true;
    }
    going_ = true;
}

double gemm_alone(const Gemm& gemm, double budget) {
    const Stream stream;
    return seconds_of(stream.get(), budget, [&](std::uint64_t) { gemm.enqueue(stream.get()); });
}

double gemm_beside(const Gemm& gemm, const Options& options, double budget, const std::function<void()>& beside) {
    const Companion companion(options.device, beside);
    const double seconds = gemm_alone(gemm, budget);
    companion.rethrow();
    return seconds;
}

}  // namespace remit::gpu::bench
