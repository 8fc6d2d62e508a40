// The product's own state machines, plans and allocator through thousands of small random histories.

#include "sim/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remit::sim {
namespace {

using testing::IsEmpty;

class EveryScenario : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryScenario, HoldsEveryInvariant) {
    Campaign campaign;
    campaign.seeds = 300;
    campaign.first_seed = 500;
    campaign.scenario = GetParam();
    const CampaignResult result = run_campaign(campaign);
    EXPECT_THAT(result.failures, IsEmpty()) << report_text(campaign, result);
    EXPECT_GT(result.statistics.successes, 300u);
}

INSTANTIATE_TEST_SUITE_P(Simulation, EveryScenario, testing::ValuesIn(scenario_names()),
                         [](const auto& test) { return std::string(test.param); });

TEST(Simulation, ReachesEveryTransitionAndEveryFault) {
    Campaign campaign;
    campaign.seeds = 3000;
    campaign.jobs = 2;
    const CampaignResult result = run_campaign(campaign);
    EXPECT_THAT(result.failures, IsEmpty()) << report_text(campaign, result);
    EXPECT_THAT(never_taken(result.statistics), IsEmpty());
    EXPECT_GT(result.statistics.resumes, 1000u);
    EXPECT_GT(result.statistics.yields, 100u);
    EXPECT_GT(result.statistics.peer_deaths, 10u);
}

TEST(Simulation, OneSeedIsOneHistory) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const Outcome first = run_history(seed, "everything");
        const Outcome second = run_history(seed, "everything", Sabotage::none, true);
        EXPECT_EQ(first.trace_hash, second.trace_hash) << seed;
        EXPECT_EQ(first.statistics.steps, second.statistics.steps) << seed;
        EXPECT_NE(first.trace_hash, run_history(seed + 1000, "everything").trace_hash) << seed;
    }
}

TEST(Simulation, CampaignsOfOneOrMoreThreadsAgree) {
    Campaign campaign;
    campaign.seeds = 200;
    const CampaignResult alone = run_campaign(campaign);
    campaign.jobs = 3;
    const CampaignResult together = run_campaign(campaign);
    EXPECT_EQ(alone.statistics.steps, together.statistics.steps);
    EXPECT_EQ(alone.statistics.bytes, together.statistics.bytes);
}

// A seed must mean the same on every machine, so the numbers are pinned.
TEST(Random, GivesTheSameNumbersEverywhere) {
    Random random(1);
    EXPECT_EQ(random.next(), 0xb3f2af6d0fc710c5u);
    Random other(42);
    std::uint64_t sum = 0;
    for (int i = 0; i < 1000; ++i) sum += other.below(100);
    EXPECT_NEAR(static_cast<double>(sum) / 1000, 49.5, 4);
    EXPECT_EQ(other.below(1), 0u);
    EXPECT_EQ(other.below(0), 0u);
}

TEST(Report, NamesTheTraceCommandAndCounts) {
    Campaign campaign;
    campaign.seeds = 50;
    campaign.sabotage = Sabotage::copied_early;
    const CampaignResult result = run_campaign(campaign);
    ASSERT_GT(result.failed(), 0u);
    EXPECT_THAT(report_text(campaign, result), testing::HasSubstr("remit-sim --scenario mixed --trace"));
    const std::string json = report_json(campaign, result);
    for (const char* key : {"failures", "steps", "rooms", "resumes", "aborts", "peer_deaths", "coverage"}) {
        EXPECT_THAT(json, testing::HasSubstr(std::string("\"") + key + "\""));
    }
}

}  // namespace
}  // namespace remit::sim
