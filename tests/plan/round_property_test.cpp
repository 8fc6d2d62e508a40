#include "execution.hpp"
#include "random_case.hpp"

#include <gtest/gtest.h>

namespace remit::plan {
namespace {

constexpr std::uint64_t kCases = 12'000;

TEST(PlanRound, MovesEveryByteOnceAndTouchesNothingElse) {
    RoundPlan plan;
    for (std::uint64_t seed = 0; seed < kCases; ++seed) {
        RandomCase random(seed);
        const RoundRequest request = random.request();
        const auto planned = plan_round(request, random.settings(), plan);
        ASSERT_TRUE(planned) << planned.error() << "\nseed " << seed << ": " << random.describe();
        ASSERT_TRUE(execute(request, random.settings(), plan, random.destination()))
            << "seed " << seed << ": " << random.describe();
    }
}

// The other tokens of the round lie in the same blocks: what is between two pieces is theirs.
TEST(PlanRound, APartOfARoundWritesItsOwnTokensAndNoFiller) {
    RoundPlan plan;
    for (std::uint64_t seed = 0; seed < kCases; ++seed) {
        RandomCase random(seed);
        const RoundRequest whole = random.request();
        const std::uint64_t skipped = seed * 7 % whole.range.count;
        const TokenRange range{whole.range.first + skipped, 1 + seed * 13 % (whole.range.count - skipped)};
        const RoundRequest part{whole.layout, whole.source, whole.destination,
                                range,        skipped > 0 ? 0 : whole.aux_source, true};
        const auto planned = plan_round(part, random.settings(), plan);
        ASSERT_TRUE(planned) << planned.error() << "\nseed " << seed << ": " << random.describe();
        ASSERT_EQ(plan.bytes, plan.payload) << "seed " << seed << ": " << random.describe();
        ASSERT_TRUE(execute(part, random.settings(), plan, random.destination()))
            << "seed " << seed << ": " << random.describe();
    }
}

TEST(PlanRound, ThePolicyDecidesWhatIsSentInPlace) {
    RoundPlan plan;
    for (std::uint64_t seed = 0; seed < kCases / 4; ++seed) {
        RandomCase random(seed);
        const RoundRequest request = random.request();
        RoundSettings settings = random.settings();
        settings.gather = Gather::always;
        ASSERT_TRUE(plan_round(request, settings, plan));
        for (const LocalPiece& piece : plan.pieces) ASSERT_EQ(piece.registration, kSendRegion);

        // Address ranges tell the segments apart only where these do not lie between each other.
        if (request.source.map.arrangement == Arrangement::slab) continue;
        settings.gather = Gather::never;
        ASSERT_TRUE(plan_round(request, settings, plan));
        for (const memory::Copy& copy : plan.copies) {
            if (copy.source == 0 || copy.source == request.aux_source) continue;
            for (std::size_t s = 0; s < request.source.map.segments.size(); ++s) {
                const SegmentMap& segment = request.source.map.segments[s];
                const std::uint64_t end = segment.base + (request.source.map.blocks - 1) * segment.block_stride +
                                          request.layout.segments()[s].block_bytes(request.source.map.block_size);
                if (segment.registration == kUnregistered) continue;
                ASSERT_FALSE(copy.source >= segment.base && copy.source < end) << "a registered piece is copied";
            }
        }
    }
}

TEST(PlanRound, WritesThatTouchAreOneWriteWhereNothingCutsThem) {
    RoundPlan plan;
    for (std::uint64_t seed = 0; seed < kCases / 4; ++seed) {
        RandomCase random(seed);
        RoundSettings settings = random.settings();
        settings.gather = Gather::always;
        settings.chunk_bytes = settings.max_write = 64u << 20;
        settings.max_pieces = static_cast<std::uint32_t>(1 + seed % 2);
        ASSERT_TRUE(plan_round(random.request(), settings, plan));
        ASSERT_EQ(plan.chunks.size(), 1u);
        for (std::size_t i = 1; i < plan.writes.size(); ++i) {
            const Write& last = plan.writes[i - 1];
            ASSERT_FALSE(last.remote + last.bytes == plan.writes[i].remote &&
                         last.registration == plan.writes[i].registration)
                << "seed " << seed << ": " << random.describe();
        }
    }
}

TEST(PlanRound, ThePlanDependsOnItsArgumentsOnly) {
    RoundPlan used;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const RandomCase random(seed);
        RoundPlan fresh;
        ASSERT_TRUE(plan_round(random.request(), random.settings(), used));
        ASSERT_TRUE(plan_round(random.request(), random.settings(), fresh));
        ASSERT_EQ(used.copies, fresh.copies);
        ASSERT_EQ(used.writes.size(), fresh.writes.size());
        ASSERT_EQ(used.pieces.size(), fresh.pieces.size());
        ASSERT_EQ(used.chunks.size(), fresh.chunks.size());
        ASSERT_EQ(used.bytes, fresh.bytes);
        ASSERT_EQ(used.payload, fresh.payload);
    }
}

}  // namespace
}  // namespace remit::plan
