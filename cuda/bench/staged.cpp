// The staged path: pinned host memory stands for what the NIC cannot reach. The kernels that write it (and read it, at
// the receiver) against the copy engines, which need no SM.
#include "bench/baselines.hpp"
#include "bench/companion.hpp"
#include "bench/copier.hpp"
#include "bench/sections.hpp"

#include <algorithm>
#include <cstdint>

namespace remit::gpu::bench {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kChunk = 4 * kMiB;
constexpr std::uint64_t kGemmHidden = 4096;

WorkShape staged_shape(std::uint64_t bytes, std::uint64_t hidden, bool scatter) {
    WorkShape shape;
    shape.bytes = bytes;
    shape.hidden = hidden;
    shape.scatter = scatter;
    (scatter ? shape.source : shape.destination) = Place::pinned;
    return shape;
}

/// A gather on the device and one copy by an engine: what a kernel that writes host memory saves.
double through_device_rate(const Options& options, const cudaDeviceProp& device, const WorkShape& staged) {
    WorkShape shape = staged;
    shape.destination = Place::device;
    const Work work(shape, l2(device));
    const Buffer region(work.bytes(), Place::pinned);
    Copier copier(options.device, kDefaultBlockBudget);
    return rate(work, seconds_of(copier.stream(), options.seconds, [&](std::uint64_t i) {
                    copier.enqueue(work, i);
                    check(cudaMemcpyAsync(region.data(), reinterpret_cast<const void*>(work.destination(i)),
                                          work.bytes(), cudaMemcpyDefault, copier.stream()),
                          "cudaMemcpyAsync");
                }));
}

void add_one_row(const Options& options, const cudaDeviceProp& device, std::uint64_t mebibytes, std::uint64_t hidden,
                 bool scatter, Json& json) {
    const WorkShape shape = staged_shape(mebibytes * kMiB, hidden, scatter);
    const Work work(shape, l2(device));
    const Stream stream;
    const auto engine = [&](const Step& step) {
        return step ? rate(work, seconds_of(stream.get(), options.seconds, step)) : 0.0;
    };
    json.open("", '{');
    json.add("direction", scatter ? "scatter" : "gather");
    json.add("mebibytes", static_cast<double>(mebibytes));
    json.add("hidden", static_cast<double>(hidden));
    json.add("pieces", static_cast<double>(work.copies(0).size()));
    json.add("one_copy", engine(one_copy(work, stream.get())));
    json.add("single_copies", engine(single_copies(work, stream.get())));
    json.add("batch_async", engine(batched_copies(work, stream.get())));  // 0: not there
    // The receiver has no such way: what the NIC wrote is read once.
    json.add("through_device", scatter ? 0.0 : through_device_rate(options, device, shape));
    json.add("kernel_default", copier_rate(options, work, kDefaultBlockBudget));
    json.add("kernel_all", copier_rate(options, work, all_blocks(device)));
    json.close('}');
}

/// What a GEMM beside loses to either, chunk after chunk.
void add_slowdowns(const Options& options, const cudaDeviceProp& device, Json& json) {
    const Gemm gemm;
    const Work work(staged_shape(kChunk, kGemmHidden, false), l2(device));
    const double budget = std::max(options.seconds, 0.3);
    const double alone = gemm_alone(gemm, budget);
    std::uint64_t step = 0;
    Copier copier(options.device, kDefaultBlockBudget);
    const double kernel = gemm_beside(gemm, options, budget, [&] {
        copier.enqueue(work, step++);
        copier.wait_for_word();
    });
    const Stream stream;
    const Step batched = batched_copies(work, stream.get());
    const Step engines = batched ? batched : single_copies(work, stream.get());
    const double engine = gemm_beside(gemm, options, budget, [&] {
        engines(step++);
        check(cudaStreamSynchronize(stream.get()), "cudaStreamSynchronize");
    });
    json.open("gemm", '{');
    json.add("alone_seconds", alone);
    json.add("slowdown_kernel", kernel / alone - 1);
    json.add("slowdown_engines", engine / alone - 1);
    json.close('}');
}

}  // namespace

void add_staged(const Options& options, const cudaDeviceProp& device, Json& json) {
    json.open("staged", '{');
    json.open("rows", '[');
    for (const std::uint64_t mebibytes : options.mebibytes) {
        for (const std::uint64_t hidden : options.hidden) {
            for (const bool scatter : {false, true}) add_one_row(options, device, mebibytes, hidden, scatter, json);
        }
    }
    json.close(']');
    add_slowdowns(options, device, json);
    json.close('}');
}

}  // namespace remit::gpu::bench
