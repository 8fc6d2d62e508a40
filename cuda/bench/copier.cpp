#include "bench/copier.hpp"

#include "driver/load.hpp"
#include "kernels/tuning.hpp"

#include <chrono>
#include <stdexcept>

namespace remit::gpu::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kListCapacity = 8192;

}  // namespace

Copier::Copier(int device, std::uint32_t budget) {
    check(CopyLauncher::create({std::make_shared<PrimaryContext>(driver(), device), budget, 0}, launcher_),
          "CopyLauncher::create");
    check(launcher_->bind_thread(), "bind_thread");
    check(slots_.create(1, kListCapacity), "LaunchSlots::create");
}

void Copier::enqueue(const Work& work, std::uint64_t step) {
    check(launcher_->launch(work.copies(step), 0, slots_[0], ++sequence_), "launch");
}

void Copier::wait() const {
    check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize");
}

void Copier::wait_for_word() const {
    const auto deadline = Clock::now() + std::chrono::seconds(5);
    while (slots_.progress(0) != sequence_) {
        if (Clock::now() < deadline) continue;
        wait();  // a dead context never counts; the stream says which error
        throw std::runtime_error("the stream is done, but the progress word was never set");
    }
}

std::uint32_t all_blocks(const cudaDeviceProp& device) {
    return static_cast<std::uint32_t>(device.multiProcessorCount) * kResidentBlocks;
}

std::uint64_t l2(const cudaDeviceProp& device) {
    return static_cast<std::uint64_t>(device.l2CacheSize);
}

double rate(const Work& work, double seconds) {
    return static_cast<double>(work.bytes()) / seconds * 1e-9;
}

double copier_rate(const Options& options, const Work& work, std::uint32_t budget) {
    Copier copier(options.device, budget);
    return rate(work, seconds_of(copier.stream(), options.seconds, [&](std::uint64_t i) { copier.enqueue(work, i); }));
}

}  // namespace remit::gpu::bench
