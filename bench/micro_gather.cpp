// The gather of host pools beside one memcpy of the same bytes, in turn, so that a disturbance of the machine meets
// both. `ratio` is the median of the pairs' ratios: 1 is as fast as the one copy.

#include "layout/block_map.hpp"
#include "memory/host_buffer.hpp"
#include "memory/host_copy.hpp"
#include "plan/round.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <vector>

namespace {

using namespace remit;

constexpr std::uint64_t kRegionBytes = 4u << 20;
constexpr std::uint32_t kRegions = 4;

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// What an embedding worker does with a pool of `blocks` blocks: its chunks, one after the other, from blocks in any
/// order into a ring of send regions.
class PoolWork {
public:
    PoolWork(const Layout& layout, std::uint32_t blocks)
        : pool_(pool_bytes(layout, blocks)), regions_(kRegions * kRegionBytes) {
        BlockMap source = place_pool(layout, blocks, pool_.address());
        BlockMap destination = place_pool(layout, blocks, std::uint64_t{1} << 40);
        destination.registrations = {{std::uint64_t{1} << 40, pool_bytes(layout, blocks), 1}};
        for (SegmentMap& segment : destination.segments) segment.registration = 0;
        plan::RoundSettings settings;
        settings.gather = Gather::always;
        settings.chunk_bytes = kRegionBytes;
        const BlockTable from = shuffled(blocks);
        const BlockTable to = shuffled(blocks);
        const std::uint64_t tokens = std::uint64_t{blocks} * layout.block_size();
        const auto planned = plan::plan_round({layout, {source, from, 0}, {destination, to, 0}, {0, tokens}, 0},
                                              settings, plan_);
        if (!planned) problem_ = planned.error();
    }

    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] std::uint64_t working_set() const { return pool_.size() + regions_.size(); }
    [[nodiscard]] std::uint64_t bytes() const { return plan_.payload; }

    void gather(memory::HostCopyExecutor& executor) {
        for (const plan::Chunk& chunk : plan_.chunks) {
            executor.submit(std::span(plan_.copies).subspan(chunk.first_copy, chunk.copies), next_region());
        }
    }
    /// The same bytes, a chunk a copy, from one end of the pool to the other.
    void copy_plainly() {
        std::uint64_t at = 0;
        for (const plan::Chunk& chunk : plan_.chunks) {
            std::memcpy(reinterpret_cast<void*>(next_region()), pool_.data() + at, chunk.region_bytes);
            at = std::min(at + chunk.region_bytes, pool_.size() - kRegionBytes);
        }
    }

private:
    static BlockTable shuffled(std::uint32_t blocks) {
        static std::mt19937 random(5);
        BlockTable table(blocks);
        for (std::uint32_t i = 0; i < blocks; ++i) table[i] = i;
        std::shuffle(table.begin(), table.end(), random);
        return table;
    }
    std::uint64_t next_region() { return regions_.address() + region_++ % kRegions * kRegionBytes; }

    memory::HostBuffer pool_;
    memory::HostBuffer regions_;
    plan::RoundPlan plan_;
    std::string problem_;
    std::uint64_t region_ = 0;
};

void gather_against_memcpy(benchmark::State& state) {
    const auto hidden = static_cast<std::uint32_t>(state.range(0));
    const auto blocks = static_cast<std::uint32_t>(state.range(1));
    const auto arrangement = state.range(2) == 0 ? Arrangement::segments : Arrangement::slab;
    PoolWork work(Layout::multimodal({.block_size = 128, .hidden = hidden, .arrangement = arrangement}), blocks);
    if (!work.problem().empty()) state.SkipWithError(work.problem().c_str());
    memory::HostCopyExecutor executor(work.working_set());
    std::vector<double> ratios;
    double gathering = 0;
    for (auto _ : state) {
        const auto first = std::chrono::steady_clock::now();
        work.gather(executor);
        benchmark::ClobberMemory();
        const double gathered = seconds_since(first);
        const auto second = std::chrono::steady_clock::now();
        work.copy_plainly();
        benchmark::ClobberMemory();
        ratios.push_back(seconds_since(second) / gathered);
        gathering += gathered;
        state.SetIterationTime(gathered);
    }
    if (ratios.empty()) return;
    state.counters["ratio"] = median(ratios);
    state.counters["GB/s"] = static_cast<double>(work.bytes()) * static_cast<double>(ratios.size()) / gathering * 1e-9;
    state.counters["streamed"] = executor.streams(kRegionBytes) ? 1 : 0;
}
BENCHMARK(gather_against_memcpy)
    ->ArgNames({"hidden", "blocks", "slab"})
    ->ArgsProduct({{1280, 4096, 8192}, {4, 128}, {0, 1}})
    ->UseManualTime();

}  // namespace
