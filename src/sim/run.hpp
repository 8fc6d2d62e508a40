#pragma once

#include "sim/reduction.hpp"
#include "sim/settings.hpp"
#include "sim/statistics.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace remit::sim {

/// How large a world was.
struct Sizes {
    std::uint64_t embeddings = 0;
    std::uint64_t languages = 0;
    std::uint64_t rooms = 0;
    std::uint64_t tokens = 0;
    std::uint64_t steps = 0;
    std::bitset<kFaults> faults;
};

struct Outcome {
    std::string failure;  ///< empty: all checks held
    Statistics statistics;
    Sizes sizes;
    std::uint64_t misfortunes = 0;  ///< ticks and faults that happened or were left out
    std::uint64_t trace_hash = 0;
    std::vector<std::string> trace;  ///< where asked for
    std::string settings;            ///< where asked for
};

/// Runs one history. Nothing escapes from it.
[[nodiscard]] Outcome run_history(std::uint64_t seed, std::string_view scenario = "mixed",
                                  Sabotage sabotage = Sabotage::none, bool words = false,
                                  const Reduction& reduction = {});

/// A failure with its numbers taken out: failures of one kind read the same.
[[nodiscard]] std::string kind_of(const std::string& failure);

struct Campaign {
    std::uint64_t first_seed = 0;
    std::uint64_t seeds = 1000;
    std::string scenario = "mixed";
    Sabotage sabotage = Sabotage::none;
    unsigned jobs = 1;
    bool until_failure = false;  ///< begins no further history after one that failed
};

/// Failures of one kind: those whose texts differ in numbers only.
struct FailureGroup {
    std::uint64_t count = 0;
    std::string failure;  ///< of the shortest history
    std::uint64_t seed = 0;
    std::uint64_t steps = 0;
    std::vector<std::uint64_t> more_seeds;  ///< a few others
};

struct CampaignResult {
    Statistics statistics;
    std::map<std::string, FailureGroup> failures;
    double seconds = 0;
    [[nodiscard]] std::uint64_t failed() const;
};

[[nodiscard]] CampaignResult run_campaign(const Campaign& campaign);

/// Transitions and faults that never came, by name.
[[nodiscard]] std::vector<std::string> never_taken(const Statistics& statistics);
[[nodiscard]] std::string report_text(const Campaign& campaign, const CampaignResult& result);
[[nodiscard]] std::string report_json(const Campaign& campaign, const CampaignResult& result);

}  // namespace remit::sim
