// The kernel of checksums: what it costs where a worker is asked to compare them.
#include "bench/copier.hpp"
#include "bench/sections.hpp"
#include "driver/load.hpp"
#include "host/launcher.hpp"
#include "host/lots.hpp"
#include "host/sums.hpp"

#include <memory>
#include <vector>

namespace remit::gpu::bench {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// A batch as it lies, cut as an executor cuts it.
std::vector<SumLot> lots_of(const Work& work, std::uint64_t step) {
    const memory::Stretch all{work.source(step), work.bytes(), 0};
    return cut_into_lots({&all, 1});
}

double sum_rate(const Options& options, const Work& work, std::uint32_t budget) {
    std::unique_ptr<CopyLauncher> launcher;
    check(CopyLauncher::create({std::make_shared<PrimaryContext>(driver(), options.device), budget, 0}, launcher),
          "CopyLauncher::create");
    check(launcher->bind_thread(), "bind_thread");
    LaunchSlots slots;
    check(slots.create(1, 0), "LaunchSlots::create");
    Sums sums;
    check(sums.create(1, launcher->stream()), "Sums::create");
    std::vector<std::vector<SumLot>> batches;
    for (std::uint64_t i = 0; i < work.batches(); ++i) batches.push_back(lots_of(work, i));
    return rate(work, seconds_of(launcher->stream(), options.seconds, [&](std::uint64_t i) {
                    check(launcher->launch_sums(batches[i % batches.size()], sums.tables(), sums.parts(0), slots[0], i + 1),
                          "launch_sums");
                }));
}

}  // namespace

void add_sums(const Options& options, const cudaDeviceProp& device, Json& json) {
    json.open("sums", '[');
    for (const std::uint64_t mebibytes : {1u, 4u, 8u}) {
        const Work work({mebibytes * kMiB, 4096}, l2(device));
        json.open("", '{');
        json.add("mebibytes", static_cast<double>(mebibytes));
        json.add("default", sum_rate(options, work, kDefaultBlockBudget));
        json.add("all", sum_rate(options, work, all_blocks(device)));
        json.close('}');
    }
    json.close(']');
}

}  // namespace remit::gpu::bench
