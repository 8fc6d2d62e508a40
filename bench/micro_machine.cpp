// What the embedding worker's state machine takes for one request of one round: INIT, send, round posted and written.

#include "protocol/embedding/machine.hpp"

#include <benchmark/benchmark.h>

#include <chrono>

namespace {

using namespace remit;
using namespace remit::protocol;
using embedding::Machine;

constexpr std::uint64_t kIncarnation = 77;
constexpr std::uint64_t kSession = 5;
constexpr std::uint32_t kBlocks = 8;

Register registration(const Layout& layout) {
    Register message;
    message.from = {"10.0.0.5", 7700};
    message.id = {kSession, 1, 0, 0};
    message.layout = layout.shape();
    message.pool = place_pool(layout, 1024, 4096);
    message.pool.registrations = {{4096, pool_bytes(layout, 1024), 9}};
    for (SegmentMap& segment : message.pool.segments) segment.registration = 0;
    message.queue_pairs = {QueuePairAddress{.number = 1}};
    message.limits = {1u << 30};
    message.capabilities = {"fence", "yield"};
    return message;
}

embedding::Config config_of(const Layout& layout) {
    embedding::Config config;
    config.layout = layout.shape();
    config.incarnation = kIncarnation;
    config.max_message = 1u << 30;
    return config;
}

void register_peer(Machine& machine, const Layout& layout, Time now) {
    machine.on_message(registration(layout), now);
    machine.on_built({kSession, 1}, {QueuePairAddress{.number = 2}}, now);
    machine.actions().clear();
}

Init offer(const Layout& layout) {
    Init init;
    init.from = {"10.0.0.5", 7700};
    init.required_dst_info_num = 1;
    for (BlockId block = 0; block < kBlocks; ++block) init.blocks.push_back(block);
    init.allocated_tokens = std::uint64_t{kBlocks} * layout.block_size();
    return init;
}

void request_of_one_round(benchmark::State& state) {
    const Layout layout = Layout::multimodal({});
    Time now = std::chrono::seconds(1);
    Machine machine(config_of(layout));
    register_peer(machine, layout, now);
    Init init = offer(layout);
    std::uint64_t actions = 0;
    for (std::uint64_t attempt = 1; state.KeepRunning(); ++attempt) {
        now += std::chrono::microseconds(10);
        const AttemptKey key{kSession, 1, attempt};
        init.room = attempt;
        init.id = {kSession, 1, attempt, kIncarnation};
        machine.on_send(attempt, attempt, init.allocated_tokens, now);
        machine.on_message(init, now);
        machine.on_posted(key);
        machine.on_round_written(key, 0, now);
        machine.on_idle(key, now);
        actions += machine.actions().size();
        machine.actions().clear();
    }
    if (machine.unfinished_sends() != 0) state.SkipWithError("a request did not end");
    state.counters["actions"] = benchmark::Counter(static_cast<double>(actions), benchmark::Counter::kAvgIterations);
}
BENCHMARK(request_of_one_round);

}  // namespace
