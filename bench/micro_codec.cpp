// A RESUME to frames and back.

#include "protocol/codec.hpp"

#include <benchmark/benchmark.h>

#include <numeric>

namespace {

using namespace remit;

void resume_there_and_back(benchmark::State& state) {
    protocol::Resume resume;
    resume.room = 4711;
    resume.from = {"10.0.0.5", 7700};
    resume.id = {1, 2, 3, 4};
    resume.blocks.resize(static_cast<std::size_t>(state.range(0)));
    std::iota(resume.blocks.begin(), resume.blocks.end(), 1000u);
    resume.sent_tokens = 1024;
    resume.allocated_tokens = resume.blocks.size() * 128;
    for (auto _ : state) {
        const auto decoded = protocol::decode_for_embedding(protocol::encode(protocol::ToEmbedding(resume)));
        if (!decoded) state.SkipWithError("decode");
    }
}
BENCHMARK(resume_there_and_back)->Arg(8)->Arg(1000);

}  // namespace
