#include "tools/bench/plan.hpp"

#include <algorithm>
#include <limits>

namespace remit::tools {
namespace {

constexpr unsigned kNumberBits = 28;
constexpr unsigned kCaseBits = 15;
constexpr unsigned kFingerprintBits = 20;
static_assert(kNumberBits + kCaseBits + kFingerprintBits == 63);
constexpr std::uint64_t kLastCase = (std::uint64_t{1} << kCaseBits) - 1;

// Blocks beside those of the requests in flight: one whose release is still on its way holds its own.
constexpr std::uint64_t kSpareRequests = 1;

Layout layout_of(const Options& options, std::uint32_t block_size) {
    return Layout::multimodal({.block_size = block_size,
                               .hidden = options.hidden,
                               .dtype = options.dtype,
                               .deepstack = options.deepstack,
                               .arrangement = options.layout});
}

std::uint64_t tokens_of(const BenchSize& size, const Layout& layout) {
    if (size.tokens > 0) return size.tokens;
    const std::uint64_t one = layout.payload_bytes(2) - layout.payload_bytes(1);
    return std::max<std::uint64_t>(1, (size.bytes + one / 2) / one);
}

std::uint64_t guess_of(const BenchMode& mode, std::uint64_t tokens) {
    if (mode.kind == BenchMode::Kind::size_first) return 0;
    return std::max<std::uint64_t>(1, tokens / mode.divisor);
}

/// FNV-1a over what both ends must have alike.
class Fingerprint {
public:
    void add(std::uint64_t value) {
        for (int i = 0; i < 8; ++i) state_ = (state_ ^ ((value >> (8 * i)) & 0xff)) * 0x100000001b3U;
    }
    [[nodiscard]] std::uint64_t bits(unsigned count) const { return (state_ ^ (state_ >> 32)) & ((1ULL << count) - 1); }

private:
    std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace

std::string to_string(const BenchMode& mode) {
    switch (mode.kind) {
        case BenchMode::Kind::one_shot: return "one-shot";
        case BenchMode::Kind::resume: return "resume/" + std::to_string(mode.divisor);
        case BenchMode::Kind::serial: return "serial/" + std::to_string(mode.divisor);
        case BenchMode::Kind::size_first: return "size-first";
    }
    return "?";
}

BenchPlan::BenchPlan(const Options& options)
    : seed_(options.seed),
      sender_layout_(layout_of(options, options.sender_block_size.value_or(options.block_size))),
      receiver_layout_(layout_of(options, options.block_size)),
      modes_(options.modes.size()),
      concurrency_(options.was_given("--concurrency") ? options.concurrency : 1) {
    Fingerprint fingerprint;
    for (const BenchSize& size : options.sizes) {
        const std::uint64_t tokens = tokens_of(size, receiver_layout_);
        most_tokens_ = std::max(most_tokens_, tokens);
        for (const BenchMode& mode : options.modes) {
            cases_.push_back({mode, tokens, receiver_layout_.payload_bytes(tokens), guess_of(mode, tokens)});
            for (const std::uint64_t value : {tokens, static_cast<std::uint64_t>(mode.kind), mode.divisor}) {
                fingerprint.add(value);
            }
        }
    }
    fingerprint.add(seed_);
    fingerprint_ = fingerprint.bits(kFingerprintBits);
    if (options.duration_seconds == 0) requests_a_case_ = options.warmup + options.iterations;
    const std::uint64_t blocks = receiver_layout_.blocks_for(most_tokens_) * (concurrency_ + kSpareRequests);
    if (cases_.size() >= kLastCase || blocks > std::numeric_limits<std::uint32_t>::max()) {
        throw UsageError("--sizes times --modes are " + std::to_string(cases_.size()) + " cases whose requests take " +
                         std::to_string(blocks) + " blocks; permitted: up to " + std::to_string(kLastCase - 1) +
                         " cases and 4294967295 blocks");
    }
    receiver_pool_blocks_ =
        options.was_given("--pool-blocks") ? options.pool_blocks : static_cast<std::uint32_t>(blocks);
}

RoomId BenchPlan::room(std::size_t index, std::uint64_t number) const noexcept {
    return fingerprint_ << (kCaseBits + kNumberBits) | std::uint64_t{index} << kNumberBits | number;
}

RoomId BenchPlan::last_room() const noexcept {
    return room(kLastCase, 0);
}

std::unique_ptr<Payload> BenchPlan::payload(std::uint32_t which, std::uint64_t tokens) const {
    return make_generated_payload(seed_, which, tokens);
}

}  // namespace remit::tools
