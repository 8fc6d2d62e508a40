// Each invariant by its name: it holds in the histories that strain it most, these histories do strain it, and where a
// driver can be told to break it, that is seen.

#include "sim/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace remit::sim {
namespace {

using testing::IsEmpty;

using Count = std::uint64_t (*)(const Statistics&);

struct Promise {
    const char* name;
    const char* scenario;
    Count strain;  ///< must have come more often than there are histories, divided by four
    Sabotage sabotage = Sabotage::none;
    const char* caught_as = "";
};

template <Fault fault>
std::uint64_t faults(const Statistics& s) {
    return s.faults[static_cast<std::size_t>(fault)];
}

constexpr std::uint64_t kHistories = 200;

class Invariant : public testing::TestWithParam<Promise> {};

TEST_P(Invariant, Holds) {
    Campaign campaign;
    campaign.seeds = kHistories;
    campaign.first_seed = 9000;
    campaign.scenario = GetParam().scenario;
    const CampaignResult result = run_campaign(campaign);
    EXPECT_THAT(result.failures, IsEmpty()) << report_text(campaign, result);
    EXPECT_GT(GetParam().strain(result.statistics), kHistories / 4);
    if (GetParam().sabotage == Sabotage::none) return;
    campaign.sabotage = GetParam().sabotage;
    campaign.seeds = 5 * kHistories;  // most histories that are sabotaged fail of something else first
    const CampaignResult broken = run_campaign(campaign);
    EXPECT_TRUE(std::any_of(broken.failures.begin(), broken.failures.end(), [](const auto& entry) {
        return entry.second.failure.find(GetParam().caught_as) != std::string::npos;
    })) << report_text(campaign, broken);
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, Invariant,
    testing::Values(Promise{"NoWriteAfterFree", "crash", [](const Statistics& s) { return s.aborts; },
                            Sabotage::destroy_late, "WRITE AFTER FREE"},
                    Promise{"NoReuseOfASourceBeforeItsEnd", "abort", faults<Fault::abort_embedding>,
                            Sabotage::idle_early, "read after its end"},
                    Promise{"SuccessMeansAllOfIt", "mixed", [](const Statistics& s) { return s.resumes; },
                            Sabotage::lose_write, "Success with wrong bytes"},
                    Promise{"FinalIsFinal", "abort", faults<Fault::abort_language>},
                    Promise{"EdgesNotLevels", "loss", faults<Fault::duplicate>},
                    Promise{"AuxIsPerRequest", "mixed", [](const Statistics& s) { return s.resumes; },
                            Sabotage::aux_of_last, "aux read from a later round"},
                    Promise{"NoWaitWithoutADeadline", "everything", faults<Fault::no_send>},
                    Promise{"NoHoldAndWait", "memory", [](const Statistics& s) { return s.yields; }},
                    Promise{"OneFailureStaysOneFailure", "wire", faults<Fault::sender_error>},
                    Promise{"ChecksumsFindWhatWasCorrupted", "checksum", faults<Fault::corrupt>},
                    Promise{"RanksFailTogetherOrGoOn", "ranks", [](const Statistics& s) { return s.rooms; }},
                    Promise{"Bounded", "window", [](const Statistics& s) { return s.aborts; }},
                    Promise{"EveryBlockHasOneOwner", "memory", [](const Statistics& s) { return s.rooms; },
                            Sabotage::copied_early, "Success with wrong bytes"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace remit::sim
