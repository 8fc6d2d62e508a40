// Planning a round: time a destination piece, with scattered and with neighbouring blocks.

#include "plan/round.hpp"

#include <benchmark/benchmark.h>

#include <numeric>

namespace {

using namespace remit;

BlockMap registered(const Layout& layout, std::uint32_t blocks, std::uint64_t start) {
    BlockMap map = place_pool(layout, blocks, start);
    map.registrations = {{start, pool_bytes(layout, blocks), 1}};
    for (SegmentMap& segment : map.segments) segment.registration = 0;
    return map;
}

/// Every `stride`-th block: 1 makes neighbours, 2 leaves none.
BlockTable every(std::uint32_t stride, std::uint32_t count) {
    BlockTable table(count);
    for (std::uint32_t i = 0; i < count; ++i) table[i] = i * stride;
    return table;
}

void plan_blocks(benchmark::State& state) {
    const auto blocks = static_cast<std::uint32_t>(state.range(0));
    const auto stride = static_cast<std::uint32_t>(state.range(1));
    const Layout layout = Layout::multimodal({});
    const BlockMap source = registered(layout, blocks, 1u << 20);
    const BlockMap destination = registered(layout, blocks * stride, std::uint64_t{1} << 40);
    const BlockTable from = every(1, blocks);
    const BlockTable to = every(stride, blocks);
    plan::RoundPlan plan;
    for (auto _ : state) {
        const auto planned = plan::plan_round({layout,
                                               {source, from, 0},
                                               {destination, to, 0},
                                               {0, std::uint64_t{blocks} * layout.block_size()},
                                               1u << 10},
                                              {}, plan);
        if (!planned) state.SkipWithError(planned.error().c_str());
        benchmark::DoNotOptimize(plan.writes.data());
    }
    const double pieces = 5.0 * blocks + 1;  // embeddings, fill_ids, three planes of mrope; one aux
    state.counters["writes"] = static_cast<double>(plan.writes.size());
    state.counters["s/piece"] = benchmark::Counter(pieces, benchmark::Counter::kIsIterationInvariantRate |
                                                               benchmark::Counter::kInvert);
}
BENCHMARK(plan_blocks)->Args({16, 1})->Args({16, 2})->Args({2000, 1})->Args({2000, 2});  // 2000: 10^4 pieces

}  // namespace
