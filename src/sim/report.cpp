// What a campaign tells: failures by kind, counts, and what was never reached.

#include "sim/run.hpp"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace remit::sim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kSeedsShown = 3;

template <class Table, class Counts, class Visit>
void visit_edges(const char* name, const Table& table, const Counts& counts, Visit&& visit) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        visit(fmt::format("{}: {} --{}--> {}", name, to_string(table[i].from), to_string(table[i].event),
                          to_string(table[i].to)),
              counts[i]);
    }
}

template <class Visit>
void visit_all(const Statistics& s, Visit&& visit) {
    visit_edges("room", protocol::kRoomTransitions, s.transitions.rooms, visit);
    visit_edges("attempt", protocol::kAttemptTransitions, s.transitions.attempts, visit);
    visit_edges("offer", protocol::kOfferTransitions, s.transitions.offers, visit);
    for (std::size_t i = 0; i < kFaults; ++i) {
        visit(fmt::format("fault: {}", to_string(static_cast<Fault>(i))), s.faults[i]);
    }
}

std::string trace_command(const Campaign& campaign, std::uint64_t seed) {
    return fmt::format("remit-sim --scenario {} --trace {}", campaign.scenario, seed);
}

std::vector<std::uint64_t> few(const std::vector<std::uint64_t>& seeds) {
    return {seeds.begin(), seeds.begin() + static_cast<std::ptrdiff_t>(std::min(seeds.size(), kSeedsShown))};
}

}  // namespace

std::vector<std::string> never_taken(const Statistics& statistics) {
    std::vector<std::string> names;
    visit_all(statistics, [&](std::string name, std::uint64_t count) {
        if (count == 0) names.push_back(std::move(name));
    });
    return names;
}

std::string report_text(const Campaign& campaign, const CampaignResult& result) {
    const Statistics& s = result.statistics;
    std::string text = fmt::format(
        "{} histories of \"{}\" in {:.1f} s ({:.0f} a second): {} steps, {} rooms, {} of them with Success, {} "
        "resumes, "
        "{} aborts, {} yields, {} generations, {} peers given up, {} bytes landed\n",
        campaign.seeds, campaign.scenario, result.seconds, static_cast<double>(campaign.seeds) / result.seconds,
        s.steps, s.rooms, s.successes, s.resumes, s.aborts, s.yields, s.generations, s.peer_deaths, s.bytes);
    for (const std::string& name : never_taken(s)) text += fmt::format("  never: {}\n", name);
    std::vector<const FailureGroup*> groups;
    for (const auto& [kind, group] : result.failures) groups.push_back(&group);
    std::sort(groups.begin(), groups.end(), [](const auto* a, const auto* b) { return a->count > b->count; });
    for (const FailureGroup* group : groups) {
        text +=
            fmt::format("{:6} x {}\n         shortest: {} ({} steps; --shrink {} makes it smaller); also seeds {}\n",
                        group->count, group->failure, trace_command(campaign, group->seed), group->steps, group->seed,
                        fmt::join(few(group->more_seeds), ", "));
    }
    if (result.failures.empty()) text += "all checks held\n";
    return text;
}

std::string report_json(const Campaign& campaign, const CampaignResult& result) {
    const Statistics& s = result.statistics;
    Json failures = Json::array();
    for (const auto& [kind, group] : result.failures) {
        failures.push_back({{"count", group.count},
                            {"failure", group.failure},
                            {"seed", group.seed},
                            {"steps", group.steps},
                            {"trace", trace_command(campaign, group.seed)},
                            {"more_seeds", few(group.more_seeds)}});
    }
    Json coverage = Json::object();
    visit_all(s, [&](const std::string& name, std::uint64_t count) { coverage[name] = count; });
    const Json out = {{"scenario", campaign.scenario},
                      {"first_seed", campaign.first_seed},
                      {"seeds", campaign.seeds},
                      {"seconds", result.seconds},
                      {"failed", result.failed()},
                      {"failures", failures},
                      {"steps", s.steps},
                      {"rooms", s.rooms},
                      {"successes", s.successes},
                      {"resumes", s.resumes},
                      {"aborts", s.aborts},
                      {"yields", s.yields},
                      {"generations", s.generations},
                      {"peer_deaths", s.peer_deaths},
                      {"bytes", s.bytes},
                      {"coverage", coverage},
                      {"never_taken", never_taken(s)}};
    return out.dump(2) + "\n";
}

}  // namespace remit::sim
