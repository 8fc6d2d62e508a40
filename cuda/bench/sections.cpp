#include "bench/sections.hpp"

#include "bench/baselines.hpp"
#include "bench/companion.hpp"
#include "bench/copier.hpp"
#include "bulk/launcher.hpp"

#include <algorithm>
#include <chrono>

namespace remit::gpu::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kChunk = 4 * kMiB;
constexpr double kChunkOnTheWire = 84e-6;  ///< seconds, at 400 Gb/s

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

void add_one_ratio(const Options& options, const cudaDeviceProp& device, const WorkShape& shape, Json& json) {
    const Work work(shape, l2(device));
    const Stream stream;
    const auto baseline = [&](const Step& step) {
        return step ? rate(work, seconds_of(stream.get(), options.seconds, step)) : 0.0;
    };
    json.open("", '{');
    json.add("direction", shape.scatter ? "scatter" : "gather");
    json.add("layout", to_string(shape.layout));
    json.add("mebibytes", static_cast<double>(shape.bytes / kMiB));
    json.add("hidden", static_cast<double>(shape.hidden));
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
            for (const Layout layout : {Layout::segments, Layout::slab, Layout::deepstack}) {
                for (const bool scatter : {false, true}) {
                    WorkShape shape;
                    shape.bytes = mebibytes * kMiB;
                    shape.hidden = hidden;
                    shape.scatter = scatter;
                    shape.layout = layout;
                    add_one_ratio(options, device, shape, json);
                }
            }
        }
    }
    json.close(']');
}

void add_budgets(const Options& options, const cudaDeviceProp& device, Json& json) {
    const Work work({kChunk, 4096}, l2(device));
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
    const Work work({kChunk, 4096}, l2(device));
    const double budget = std::max(options.seconds, 0.3);
    const double alone = gemm_alone(gemm, budget);
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
        const Work work({64 * (hidden * 2 + 16), hidden}, l2(device));
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
