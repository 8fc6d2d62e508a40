// The checks bite: a driver that does wrong is caught, by the check that is there for it.

#include "sim/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace remit::sim {
namespace {

struct Wrong {
    Sabotage sabotage;
    const char* caught_as;
};

class WrongDriver : public testing::TestWithParam<Wrong> {};

TEST_P(WrongDriver, IsCaught) {
    Campaign campaign;
    campaign.seeds = 600;
    campaign.sabotage = GetParam().sabotage;
    const CampaignResult result = run_campaign(campaign);
    const bool named = std::any_of(result.failures.begin(), result.failures.end(), [](const auto& entry) {
        return entry.second.failure.find(GetParam().caught_as) != std::string::npos;
    });
    EXPECT_TRUE(named) << report_text(campaign, result);
}

INSTANTIATE_TEST_SUITE_P(Sabotage, WrongDriver,
                         testing::Values(Wrong{Sabotage::destroy_late, "WRITE AFTER FREE"},
                                         Wrong{Sabotage::immediate_first, "WRITE AFTER FREE"},
                                         Wrong{Sabotage::drop_immediate, "Failed without a failure"},
                                         Wrong{Sabotage::idle_early, "read after its end"},
                                         Wrong{Sabotage::copied_early, "Success with wrong bytes"},
                                         Wrong{Sabotage::lose_write, "Success with wrong bytes"},
                                         Wrong{Sabotage::write_too_far, "outside every block"},
                                         Wrong{Sabotage::aux_of_last, "aux read from a later round"}),
                         [](const auto& test) { return std::string(to_string(test.param.sabotage)); });

}  // namespace
}  // namespace remit::sim
