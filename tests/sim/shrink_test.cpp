// A failing seed is reduced to a small history that fails in the same way, and the command printed for it replays it.

#include "sim/shrink.hpp"

#include <remit/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remit::sim {
namespace {

using testing::HasSubstr;

std::uint64_t first_failing_seed(Sabotage sabotage, const std::string& scenario) {
    Campaign campaign;
    campaign.seeds = 2000;
    campaign.scenario = scenario;
    campaign.sabotage = sabotage;
    campaign.until_failure = true;
    const CampaignResult result = run_campaign(campaign);
    EXPECT_EQ(result.failed(), 1u);
    return result.failures.begin()->second.seed;
}

TEST(Shrink, FindsASmallerHistoryThatFailsInTheSameWay) {
    const std::uint64_t seed = first_failing_seed(Sabotage::copied_early, "everything");
    const Shrunk shrunk = shrink(seed, "everything", Sabotage::copied_early);
    EXPECT_EQ(kind_of(shrunk.after.failure), kind_of(shrunk.before.failure));
    EXPECT_LT(shrunk.after.statistics.steps, shrunk.before.statistics.steps);
    EXPECT_LT(shrunk.after.misfortunes, shrunk.before.misfortunes);
    // A copy that is not made needs one room of one token and no fault.
    EXPECT_EQ(shrunk.after.sizes.rooms, 1u);
    EXPECT_EQ(shrunk.after.sizes.tokens, 1u);
    EXPECT_EQ(shrunk.after.sizes.languages, 1u);
    EXPECT_TRUE(shrunk.after.sizes.faults.none()) << shrunk.reduction.text();
}

TEST(Shrink, WhatItPrintsReplaysTheSameHistory) {
    const std::uint64_t seed = first_failing_seed(Sabotage::idle_early, "mixed");
    const Shrunk shrunk = shrink(seed, "mixed", Sabotage::idle_early);
    const std::string text = report_text(seed, "mixed", Sabotage::idle_early, shrunk);
    EXPECT_THAT(text, HasSubstr("--sabotage idle_early --reduce \"" + shrunk.reduction.text() + '"'));
    const Reduction printed = Reduction::parse(shrunk.reduction.text());
    const Outcome again = run_history(seed, "mixed", Sabotage::idle_early, true, printed);
    EXPECT_EQ(again.failure, shrunk.after.failure);
    EXPECT_EQ(again.trace_hash, shrunk.after.trace_hash);
}

TEST(Shrink, LeavesASeedThatDoesNotFailAlone) {
    const Shrunk shrunk = shrink(1, "mixed", Sabotage::none);
    EXPECT_EQ(shrunk.tried, 1u);
    EXPECT_EQ(shrunk.reduction.text(), "");
    EXPECT_THAT(report_text(1, "mixed", Sabotage::none, shrunk), HasSubstr("all checks held"));
}

TEST(Reduction, OfNothingIsTheSeedsOwnHistory) {
    EXPECT_EQ(run_history(7, "everything", Sabotage::none, false, Reduction::parse("")).trace_hash,
              run_history(7, "everything").trace_hash);
}

TEST(Reduction, IsReadAsItIsWritten) {
    const std::string text = "salt=5 languages=2 tokens=3 without=loss,stall dropped=1,4";
    EXPECT_EQ(Reduction::parse(text).text(), text);
    EXPECT_TRUE(Reduction::parse("dropped=9,2").drops(2));
    EXPECT_FALSE(Reduction::parse("dropped=9,2").drops(3));
}

TEST(Reduction, NamesAWordThatItDoesNotKnow) {
    for (const char* text : {"rooms", "rooms=x", "rooms=-1", "without=rain", "dropped=1,b", "size=3"}) {
        try {
            static_cast<void>(Reduction::parse(text));
            ADD_FAILURE() << text;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr(text));
        }
    }
}

}  // namespace
}  // namespace remit::sim
