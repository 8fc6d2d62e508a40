#include "sim/edges.hpp"
#include "sim/run.hpp"
#include "sim/scale/command.hpp"
#include "sim/shrink.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <iostream>
#include <optional>

namespace {

using namespace remit::sim;

constexpr int kVerified = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

int print_trace(const Campaign& campaign, std::uint64_t seed, const Reduction& reduction) {
    const Outcome outcome = run_history(seed, campaign.scenario, campaign.sabotage, true, reduction);
    std::cout << outcome.settings << '\n';
    for (const std::string& line : outcome.trace) std::cout << line << '\n';
    std::cout << fmt::format("seed {}: {}, trace hash {:016x}\n", seed,
                             outcome.failure.empty() ? "all checks held" : outcome.failure, outcome.trace_hash);
    return outcome.failure.empty() ? kVerified : kFailed;
}

int print_shrunk(const Campaign& campaign, std::uint64_t seed) {
    const Shrunk shrunk = shrink(seed, campaign.scenario, campaign.sabotage);
    std::cout << report_text(seed, campaign.scenario, campaign.sabotage, shrunk);
    return shrunk.before.failure.empty() ? kVerified : kFailed;
}

int run(int argc, char** argv) {
    CLI::App app("Runs random histories of remit's protocol against simulated workers, wires and users.", "remit-sim");
    Campaign campaign;
    std::optional<std::uint64_t> trace;
    std::optional<std::uint64_t> shrunk;
    std::string reduction;
    bool json = false;
    bool all_edges = false;
    std::optional<EdgeFormat> edges;
    std::string sabotage = "none";
    std::map<std::string, Sabotage> sabotages;
    for (std::size_t i = 0; i < kSabotages; ++i) {
        const auto value = static_cast<Sabotage>(i);
        sabotages.emplace(to_string(value), value);
    }
    const std::vector<std::string_view> names = scenario_names();
    app.add_option("--seeds", campaign.seeds, "how many histories")->capture_default_str();
    app.add_option("--first-seed", campaign.first_seed, "seed of the first one")->capture_default_str();
    app.add_option("--scenario", campaign.scenario, "what may happen")
        ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())))
        ->capture_default_str();
    app.add_option("--jobs", campaign.jobs, "threads")->check(CLI::Range(1u, 1024u))->capture_default_str();
    app.add_option("--trace", trace, "runs this one seed and prints each step");
    app.add_option("--reduce", reduction, "with --trace: what is taken away from the history, as --shrink prints it");
    app.add_option("--shrink", shrunk, "reduces this failing seed to the smallest history that still fails");
    app.add_option("--sabotage", sabotage, "a driver that does wrong, which the checks must see")
        ->check(CLI::IsMember(sabotages));
    app.add_flag("--until-failure", campaign.until_failure, "stops at the first history that fails");
    app.add_flag("--all-edges", all_edges, "fails where a transition or a kind of fault never came");
    app.add_flag("--json", json, "prints the result as JSON");
    app.add_option("--edges", edges, "prints the state machines' transitions and runs nothing")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, EdgeFormat>{{"dot", EdgeFormat::dot}, {"mermaid", EdgeFormat::mermaid}}));
    scale::CommandOptions clusters;
    scale::add_options(app, clusters);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kVerified : kUsage;
    }
    campaign.sabotage = sabotages.at(sabotage);
    if (!clusters.clusters.empty()) return scale::run_command(clusters, campaign.jobs, json) ? kVerified : kFailed;
    if (edges) {
        std::cout << edges_text(*edges);
        return kVerified;
    }
    if (trace) return print_trace(campaign, *trace, Reduction::parse(reduction));
    if (shrunk) return print_shrunk(campaign, *shrunk);
    const CampaignResult result = run_campaign(campaign);
    std::cout << (json ? report_json(campaign, result) : report_text(campaign, result));
    const bool lacking = all_edges && !never_taken(result.statistics).empty();
    return result.failures.empty() && !lacking ? kVerified : kFailed;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "remit-sim: " << error.what() << '\n';
        return kUsage;
    }
}
