// REGISTER's document and its packed addresses: a JSON text, a line's end, the bytes of the addresses. Where the state
// machine takes the offer, no round that is planned for it leaves the memory that the offer itself has named.

#include "require.hpp"

#include "layout/block_map.hpp"
#include "plan/round.hpp"
#include "protocol/codec.hpp"
#include "protocol/embedding/machine.hpp"

#include <algorithm>
#include <string_view>

namespace remit::fuzz {
namespace {

using namespace protocol;
using embedding::BuildGeneration;

constexpr Layout::Shape kShape{4, 16, DType::bf16, 0, Arrangement::segments};
constexpr std::uint64_t kTokens = 10;

bool inside(const plan::Write& write, const BlockMap& pool) {
    if (write.registration >= pool.registrations.size()) return false;
    const Registration& r = pool.registrations[write.registration];
    return write.remote >= r.address && write.bytes <= r.length && write.remote - r.address <= r.length - write.bytes;
}

/// Rounds into the first and into the last blocks of the pool.
void plan_into(const BuildGeneration& generation) {
    const Layout layout = Layout::multimodal(kShape);
    std::vector<std::byte> source(1 << 16);
    const std::vector<std::uint64_t> bases(layout.segments().size(), reinterpret_cast<std::uintptr_t>(source.data()));
    const BlockMap tensors = place_tensors(layout, kTokens, bases);
    const BlockTable whole{0};
    const std::uint64_t needed = (kTokens + generation.pool.block_size - 1) / generation.pool.block_size;
    const auto count = static_cast<BlockId>(std::min<std::uint64_t>(needed, generation.pool.blocks));
    const std::uint64_t tokens = std::min(kTokens, count * generation.pool.block_size);
    for (const BlockId first : {BlockId{0}, generation.pool.blocks - count}) {
        BlockTable table;
        for (BlockId i = 0; i < count; ++i) table.push_back(first + i);
        plan::RoundPlan round;
        const std::uint64_t aux = reinterpret_cast<std::uintptr_t>(source.data());
        const auto planned = plan::plan_round(
            {layout, {tensors, whole, 0}, {generation.pool, table, 0}, {0, tokens}, aux},
            {.max_write = std::min<std::uint64_t>(8u << 20, generation.limits.max_message)}, round);
        require(planned.has_value(), "a pool that was accepted takes a round: " + (planned ? "" : planned.error()));
        for (const plan::Write& write : round.writes) require(inside(write, generation.pool), "a write is inside");
    }
}

void offer(const Register& message) {
    embedding::Config config;
    config.layout = kShape;
    config.max_queue_pairs = 4;
    embedding::Machine machine(config);
    machine.on_message(message, Time{1});
    bool answered = false;
    for (const embedding::Action& action : machine.actions()) {
        answered = true;
        if (const auto* build = std::get_if<BuildGeneration>(&action)) plan_into(*build);
    }
    require(answered, "a REGISTER that can be read is answered");
}

}  // namespace
}  // namespace remit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace remit;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string bases(input.substr(std::min(end + 1, input.size())));
    const protocol::Frames frames{"None",   "127.0.0.1", "7002", "5.1.0.0", bases,
                                  "remit/1", std::string(input.substr(0, end))};
    const auto message = protocol::decode_for_embedding(frames);
    if (message) fuzz::offer(std::get<protocol::Register>(*message));
    return 0;
}
