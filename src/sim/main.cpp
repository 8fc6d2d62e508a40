#include "sim/run.hpp"

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

int print_trace(const Campaign& campaign, std::uint64_t seed) {
    const Outcome outcome = run_history(seed, campaign.scenario, campaign.sabotage, true);
    std::cout << outcome.settings << '\n';
    for (const std::string& line : outcome.trace) std::cout << line << '\n';
    std::cout << fmt::format("seed {}: {}, trace hash {:016x}\n", seed,
                             outcome.failure.empty() ? "all checks held" : outcome.failure, outcome.trace_hash);
    return outcome.failure.empty() ? kVerified : kFailed;
}

int run(int argc, char** argv) {
    CLI::App app("Runs random histories of remit's protocol against simulated workers, wires and users.", "remit-sim");
    Campaign campaign;
    std::optional<std::uint64_t> trace;
    bool json = false;
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
    app.add_option("--sabotage", sabotage, "a driver that does wrong, which the checks must see")
        ->check(CLI::IsMember(sabotages));
    app.add_flag("--until-failure", campaign.until_failure, "stops at the first history that fails");
    app.add_flag("--json", json, "prints the result as JSON");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kVerified : kUsage;
    }
    campaign.sabotage = sabotages.at(sabotage);
    if (trace) return print_trace(campaign, *trace);
    const CampaignResult result = run_campaign(campaign);
    std::cout << (json ? report_json(campaign, result) : report_text(campaign, result));
    return result.failures.empty() ? kVerified : kFailed;
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
