// CRC32C: bytes a second with the processor's instruction, without it, and of a copy beside them. Sizes: one row of
// fill_ids up to a round of 8 MiB.

#include "base/crc32c.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace {

std::vector<std::uint8_t> bytes_of(const benchmark::State& state) {
    return std::vector<std::uint8_t>(static_cast<std::size_t>(state.range(0)), 7);
}

template <auto reckon>
void checksum(benchmark::State& state) {
    const std::vector<std::uint8_t> data = bytes_of(state);
    for (auto _ : state) benchmark::DoNotOptimize(reckon(0, data.data(), data.size()));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void copy_beside(benchmark::State& state) {
    const std::vector<std::uint8_t> from = bytes_of(state);
    std::vector<std::uint8_t> to(from.size());
    for (auto _ : state) {
        std::memcpy(to.data(), from.data(), from.size());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(checksum<remit::crc32c>)->Name("crc32c")->RangeMultiplier(16)->Range(512, 8 << 20);
BENCHMARK(checksum<remit::crc32c_portable>)->Name("crc32c_portable")->RangeMultiplier(16)->Range(512, 8 << 20);
BENCHMARK(copy_beside)->Name("memcpy")->RangeMultiplier(16)->Range(512, 8 << 20);

}  // namespace
