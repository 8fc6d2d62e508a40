#include "bench/sections.hpp"

#include "bench/baselines.hpp"
#include "bench/gemm.hpp"
#include "bulk/launcher.hpp"
#include "driver/load.hpp"
#include "host/launcher.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

namespace remit::gpu::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kChunk = 4 * kMiB;
constexpr double kChunkOnTheWire = 84e-6;  ///< seconds, at 400 Gb/s

/// The kernels on a stream of their own.
class Copier {
public:
    Copier(int device, std::uint32_t budget) {
        check(CopyLauncher::create({std::make_shared<PrimaryContext>(driver(), device), budget, 0}, launcher_),
              "CopyLauncher::create");
        check(launcher_->bind_thread(), "bind_thread");
        check(slots_.create(1, 8192), "LaunchSlots::create");
    }
    [[nodiscard]] cudaStream_t stream() const { return launcher_->stream(); }
    void enqueue(const Work& work, std::uint64_t step) {
        check(launcher_->launch(work.copies(step), 0, slots_[0], ++sequence_), "launch");
    }
    void wait() const { check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize"); }
    void wait_for_word() const {
        const auto deadline = Clock::now() + std::chrono::seconds(5);
        while (slots_.progress(0) != sequence_) {
            if (Clock::now() < deadline) continue;
            wait();  // a dead context never counts; the stream says which error
            throw std::runtime_error("the stream is done, but the progress word was never set");
        }
    }

private:
    std::unique_ptr<CopyLauncher> launcher_;
    LaunchSlots slots_;
    std::uint64_t sequence_ = 0;
};

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
    const Step step = [&](std::uint64_t i) { copier.enqueue(work, i); };
    return rate(work, seconds_of(copier.stream(), options.seconds, step));
}

/// 0 where the bulk kernel cannot take the work.
double bulk_rate(const Options& options, const Work& work, std::uint32_t budget) {
    if (!BulkLauncher::takes(options.device, work.copies(0), 0)) return 0;
    const Stream stream;
    LaunchSlots slots;
    check(slots.create(1, 0), "LaunchSlots::create");
    BulkLauncher launcher(stream.get(), budget);
    return rate(work, seconds_of(stream.get(), options.seconds, [&](std::uint64_t i) {
                    check(launcher.launch(work.copies(i), 0, slots[0], i + 1), "a bulk launch");
                }));
}

void add_one_ratio(const Options& options, const cudaDeviceProp& device, std::uint64_t mebibytes, std::uint64_t hidden,
                   bool scatter, Json& json) {
    const Work work(mebibytes * kMiB, hidden, scatter, l2(device));
    const Stream stream;
    const auto baseline = [&](const Step& step) {
        return step ? rate(work, seconds_of(stream.get(), options.seconds, step)) : 0.0;
    };
    json.open("", '{');
    json.add("direction", scatter ? "scatter" : "gather");
    json.add("mebibytes", static_cast<double>(mebibytes));
    json.add("hidden", static_cast<double>(hidden));
    json.add("pieces", static_cast<double>(work.copies(0).size()));
    json.add("one_copy", baseline(one_copy(work, stream.get())));
    json.add("batch_async", baseline(batched_copies(work, stream.get())));  // 0: not there
    json.add("cub_batched", baseline(cub_copies(work, stream.get())));
    json.add("kernel_all", copier_rate(options, work, all_blocks(device)));
    json.add("kernel_default", copier_rate(options, work, kDefaultBlockBudget));
    json.add("bulk_all", bulk_rate(options, work, all_blocks(device)));  // 0: not there
    json.add("bulk_default", bulk_rate(options, work, kDefaultBlockBudget));
    json.close('}');
}

/// Runs `beside` over and over on a thread of its own until it is destroyed.
class Companion {
public:
    Companion(int device, std::function<void()> beside) : beside_(std::move(beside)) {
        thread_ = std::thread([this, device] { run(device); });
        while (!going_.load()) std::this_thread::yield();
    }
    ~Companion() {
        stop_ = true;
        thread_.join();
    }
    Companion(const Companion&) = delete;
    Companion& operator=(const Companion&) = delete;
    void rethrow() const {
        if (failed_.load()) std::rethrow_exception(error_);
    }

private:
    void run(int device) {
        try {
            check(cudaSetDevice(device), "cudaSetDevice");
            for (; !stop_.load(); going_ = true) beside_();
        } catch (...) {
            error_ = std::current_exception();
            failed_ = true;
        }
        going_ = true;
    }

    std::function<void()> beside_;
    std::exception_ptr error_;
    std::atomic<bool> stop_ = false;
    std::atomic<bool> going_ = false;
    std::atomic<bool> failed_ = false;
    std::thread thread_;
};

/// Seconds of one product beside something else.
double gemm_beside(const Gemm& gemm, const Options& options, double budget, const std::function<void()>& beside) {
    const Companion companion(options.device, beside);
    const Stream stream;
    const double seconds = seconds_of(stream.get(), budget, [&](std::uint64_t) { gemm.enqueue(stream.get()); });
    companion.rethrow();
    return seconds;
}

}  // namespace

void add_device(const cudaDeviceProp& device, Json& json) {
    int driver = 0;
    check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
    json.add("device", device.name);
    json.add("multiprocessors", static_cast<double>(device.multiProcessorCount));
    json.add("l2_bytes", static_cast<double>(device.l2CacheSize));
    json.add("compute_capability", static_cast<double>(device.major * 10 + device.minor));
    json.add("driver", static_cast<double>(driver));
    json.add("runtime", static_cast<double>(CUDART_VERSION));
    json.add("default_budget", static_cast<double>(kDefaultBlockBudget));
}

void add_ratios(const Options& options, const cudaDeviceProp& device, Json& json) {
    json.open("ratios", '[');
    for (const std::uint64_t mebibytes : options.mebibytes) {
        for (const std::uint64_t hidden : options.hidden) {
            for (const bool scatter : {false, true}) {
                add_one_ratio(options, device, mebibytes, hidden, scatter, json);
            }
        }
    }
    json.close(']');
}

void add_budgets(const Options& options, const cudaDeviceProp& device, Json& json) {
    const Work work(kChunk, 4096, false, l2(device));
    std::vector<std::uint32_t> budgets = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64};
    budgets.push_back(all_blocks(device));
    double smallest[] = {0, 0, 0};
    constexpr double wanted[] = {50, 100, 400};
    json.open("budgets", '[');
    for (const std::uint32_t budget : budgets) {
        const double got = copier_rate(options, work, budget);
        json.open("", '{');
        json.add("blocks", static_cast<double>(budget));
        json.add("gigabytes_per_second", got);
        json.close('}');
        for (int i = 0; i < 3; ++i) {
            if (smallest[i] == 0 && got >= wanted[i]) smallest[i] = budget;
        }
    }
    json.close(']');
    json.open("smallest_budget", '{');  // 0: not reached
    json.add("50", smallest[0]);
    json.add("100", smallest[1]);
    json.add("400", smallest[2]);
    json.close('}');
}

void add_gemm(const Options& options, const cudaDeviceProp& device, Json& json) {
    const Gemm gemm;
    const Work work(kChunk, 4096, false, l2(device));
    const Stream stream;
    const double budget = std::max(options.seconds, 0.3);
    const double alone = seconds_of(stream.get(), budget, [&](std::uint64_t) { gemm.enqueue(stream.get()); });
    std::uint64_t step = 0;
    Copier copier(options.device, kDefaultBlockBudget);
    const double paced = gemm_beside(gemm, options, budget, [&] {
        const auto next = Clock::now() + std::chrono::duration<double>(kChunkOnTheWire);
        copier.enqueue(work, step++);
        copier.wait_for_word();
        while (Clock::now() < next) {
        }
    });
    // The worst there can be: the next launch is always waiting.
    const double full = gemm_beside(gemm, options, budget, [&] {
        for (int i = 0; i < 64; ++i) copier.enqueue(work, step++);
        copier.wait();
    });
    json.open("gemm", '{');
    json.add("alone_seconds", alone);
    json.add("slowdown_at_wire_pace", paced / alone - 1);
    json.add("slowdown_without_pause", full / alone - 1);
    json.close('}');
}

void add_latency(const Options& options, const cudaDeviceProp& device, Json& json) {
    json.open("latency_64_tokens", '[');
    for (const std::uint64_t hidden : options.hidden) {
        const Work work(64 * (hidden * 2 + 16), hidden, false, l2(device));
        Copier copier(options.device, kDefaultBlockBudget);
        std::vector<double> seconds;
        for (std::uint64_t i = 0; i < 1100; ++i) {
            const auto begin = Clock::now();
            copier.enqueue(work, i);
            copier.wait_for_word();
            if (i >= 100) seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
        }
        std::sort(seconds.begin(), seconds.end());
        json.open("", '{');
        json.add("hidden", static_cast<double>(hidden));
        json.add("median_microseconds", seconds[seconds.size() / 2] * 1e6);
        json.add("p99_microseconds", seconds[seconds.size() * 99 / 100] * 1e6);
        json.close('}');
    }
    json.close(']');
}

}  // namespace remit::gpu::bench
