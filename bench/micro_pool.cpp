// Allocating and freeing 1,000 blocks of a fragmented pool.

#include "pool/allocator.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

namespace {

using namespace remit;

void allocate_and_free(benchmark::State& state) {
    const auto blocks = static_cast<std::uint32_t>(state.range(0));
    pool::BlockAllocator allocator(blocks);
    BlockTable all;
    if (!allocator.allocate(blocks, 1, all)) state.SkipWithError("allocate");
    std::mt19937 random(1);
    std::shuffle(all.begin(), all.end(), random);
    allocator.free({all.data(), all.size() / 2});  // half of it, block by block: as fragmented as it gets
    BlockTable table;
    for (auto _ : state) {
        table.clear();
        if (!allocator.allocate(1000, 2, table)) state.SkipWithError("allocate");
        allocator.free(table);
    }
    state.counters["s/block"] =
        benchmark::Counter(1000, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(allocate_and_free)->Arg(10'000)->Arg(1'000'000);

}  // namespace
