#include "emulation.hpp"

#include <gtest/gtest.h>

namespace remit::gpu::test {
namespace {

constexpr std::uint64_t kPlansOfAShard = 110;

/// 2,200 plans in twenty parts, so that they can run side by side.
class RandomPlans : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomPlans, AreCopiedExactly) {
    constexpr std::uint32_t budgets[] = {1, 8, 132};
    for (std::uint64_t i = 0; i < kPlansOfAShard; ++i) {
        const std::uint64_t seed = GetParam() * kPlansOfAShard + i;
        Case work = random_case(seed);
        const Way way = seed % 5 == 0 ? Way::list : seed % 11 == 0 ? Way::large : Way::fitting;
        ASSERT_TRUE(small_blocks().run(work, budgets[seed % 3], way));
    }
}

INSTANTIATE_TEST_SUITE_P(Shards, RandomPlans, ::testing::Range(std::uint64_t{0}, std::uint64_t{20}));

}  // namespace
}  // namespace remit::gpu::test
