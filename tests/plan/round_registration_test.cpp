#include "execution.hpp"
#include "memory_pool.hpp"
#include "plan/round.hpp"

#include <gtest/gtest.h>

namespace remit::plan {
namespace {

/// One block whose segments touch each other in memory, on both sides.
class TouchingSegments : public ::testing::Test {
protected:
    std::unique_ptr<MemoryPool> packed(std::uint64_t seed, bool registration_each) const {
        std::mt19937_64 random(seed);
        auto pool = std::make_unique<MemoryPool>(MemoryPool{layout, {}, std::vector<std::byte>(layout.block_bytes())});
        fill_random(pool->bytes, random);
        pool->map = {1, layout.block_size(), Arrangement::segments, {}, {}};
        std::uint64_t at = pool->start();
        for (const Segment& shape : layout.segments()) {
            const std::uint64_t bytes = shape.block_bytes(layout.block_size());
            const auto index = static_cast<std::uint32_t>(pool->map.registrations.size());
            pool->map.segments.push_back(
                {at, bytes, shape.rows(layout.block_size()) * shape.token_bytes, registration_each ? index : 0});
            if (registration_each) pool->map.registrations.push_back({at, bytes, index});
            at += bytes;
        }
        if (!registration_each) pool->map.registrations = {{pool->start(), layout.block_bytes(), 1}};
        return pool;
    }

    RoundPlan plan_between(const MemoryPool& source, MemoryPool& destination) const {
        const RoundRequest request{layout,
                                   {source.map, one, 0},
                                   {destination.map, one, 0},
                                   {0, layout.block_size()},
                                   source.map.segments[3].base};
        RoundSettings settings;
        settings.gather = Gather::never;
        RoundPlan plan;
        EXPECT_TRUE(plan_round(request, settings, plan));
        EXPECT_TRUE(execute(request, settings, plan, destination));
        return plan;
    }

    const Layout layout = Layout::multimodal({16, 32, DType::bf16, 0, Arrangement::segments});
    const BlockTable one{0};
};

TEST_F(TouchingSegments, AreOneWriteInOneRegistration) {
    const auto destination = packed(2, false);
    const RoundPlan plan = plan_between(*packed(1, false), *destination);
    EXPECT_EQ(plan.writes.size(), 1u);
    EXPECT_EQ(plan.pieces.size(), 2u) << "the rows in place, and aux gathered";
}

TEST_F(TouchingSegments, ArePiecesOfTheirOwnWhereTheSourceIsRegisteredInParts) {
    const auto destination = packed(2, false);
    const RoundPlan plan = plan_between(*packed(1, true), *destination);
    EXPECT_EQ(plan.writes.size(), 1u);
    EXPECT_EQ(plan.pieces.size(), 4u);
}

TEST_F(TouchingSegments, AreWritesOfTheirOwnWhereTheDestinationIsRegisteredInParts) {
    const auto destination = packed(2, true);
    const RoundPlan plan = plan_between(*packed(1, false), *destination);
    EXPECT_EQ(plan.writes.size(), 4u);
}

}  // namespace
}  // namespace remit::plan
