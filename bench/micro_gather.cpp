// The gather of host pools beside one memcpy of the same bytes: compare the two rates of one run.

#include "memory/host_buffer.hpp"
#include "memory/host_copy.hpp"

#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

namespace {

using namespace remit;

constexpr std::uint64_t kPieces = 16;

void one_memcpy(benchmark::State& state) {
    const auto bytes = static_cast<std::size_t>(state.range(0));
    const memory::HostBuffer source(bytes);
    const memory::HostBuffer destination(bytes);
    for (auto _ : state) {
        std::memcpy(destination.data(), source.data(), bytes);
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}
BENCHMARK(one_memcpy)->Arg(4 << 20)->Arg(64 << 20);

void gather_16_blocks(benchmark::State& state) {
    const auto bytes = static_cast<std::size_t>(state.range(0));
    const memory::HostBuffer source(2 * bytes);
    const memory::HostBuffer destination(bytes);
    std::vector<memory::Copy> copies;
    for (std::uint64_t i = 0; i < kPieces; ++i) {
        const std::uint64_t piece = bytes / kPieces;
        copies.push_back({source.address() + 2 * i * piece, i * piece, piece});
    }
    memory::HostCopyExecutor executor;
    for (auto _ : state) {
        benchmark::DoNotOptimize(executor.submit(copies, destination.address()));
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}
BENCHMARK(gather_16_blocks)->Arg(4 << 20)->Arg(64 << 20);

}  // namespace
