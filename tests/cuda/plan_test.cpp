#include "plan/round.hpp"

#include "emulation.hpp"
#include "random_case.hpp"

#include <gtest/gtest.h>

namespace remit::gpu::test {
namespace {

/// The copies of a chunk of a real plan, into a send region of just the size it asks for.
Case chunk_case(const plan::RoundPlan& round, const plan::Chunk& chunk, const std::string& name) {
    Case made = make_case(name, {{Span::kZeros, 0, chunk.region_bytes}}, chunk.first_copy);
    const auto first = round.copies.begin() + chunk.first_copy;
    made.copies.assign(first, first + chunk.copies);
    return made;
}

TEST(Plans, RealRoundsAreGatheredExactly) {
    constexpr std::uint32_t budgets[] = {1, 8, 132};
    std::uint64_t chunks = 0;
    for (std::uint64_t seed = 0; seed < (kThreadSanitizer ? 150u : 500u); ++seed) {
        const plan::RandomCase random(seed);
        plan::RoundPlan round;
        ASSERT_TRUE(plan::plan_round(random.request(), random.settings(), round)) << random.describe();
        for (const plan::Chunk& chunk : round.chunks) {
            Case work = chunk_case(round, chunk, random.describe());
            ASSERT_TRUE(small_blocks().run(work, budgets[seed % 3]));
            ++chunks;
        }
    }
    EXPECT_GT(chunks, 100u);
}

}  // namespace
}  // namespace remit::gpu::test
