// Allocating and freeing 1,000 blocks of a fragmented pool. The 99th percentile is of whole turns, one block's share.

#include "pool/allocator.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

namespace {

using namespace remit;

constexpr std::uint32_t kBlocks = 1000;

void allocate_and_free(benchmark::State& state) {
    const auto blocks = static_cast<std::uint32_t>(state.range(0));
    pool::BlockAllocator allocator(blocks);
    BlockTable all;
    if (!allocator.allocate(blocks, 1, all)) state.SkipWithError("allocate");
    std::mt19937 random(1);
    std::shuffle(all.begin(), all.end(), random);
    allocator.free({all.data(), all.size() / 2});  // half of it, block by block: as fragmented as it gets
    BlockTable table;
    std::vector<double> seconds;
    for (auto _ : state) {
        const auto begin = std::chrono::steady_clock::now();
        table.clear();
        if (!allocator.allocate(kBlocks, 2, table)) state.SkipWithError("allocate");
        allocator.free(table);
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    const auto rank = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() * 99 / 100);
    std::nth_element(seconds.begin(), rank, seconds.end());
    state.counters["p99_s_a_block"] = *rank / kBlocks;
    state.counters["s/block"] =
        benchmark::Counter(kBlocks, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(allocate_and_free)->Arg(10'000)->Arg(1'000'000);

}  // namespace
