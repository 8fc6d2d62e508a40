#include "sim/scale/command.hpp"

#include "sim/scale/runs.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <optional>

namespace remit::sim::scale {
namespace {

constexpr std::uint64_t kRequestsOfEmbedding = 15625;  // a million for 64
constexpr std::uint32_t kMostWorkers = 4096;

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || stop != end || error != std::errc{}) return std::nullopt;
    return value;
}

void set_cluster(const std::string& text, Settings& settings) {
    const std::size_t cross = text.find('x');
    const auto embeddings = number_of(std::string_view(text).substr(0, std::min(cross, text.size())));
    const auto languages =
        cross == std::string::npos ? std::nullopt : number_of(std::string_view(text).substr(cross + 1));
    const auto permitted = [](const auto& number) { return number && *number >= 1 && *number <= kMostWorkers; };
    if (!permitted(embeddings) || !permitted(languages)) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("--scale {}; permitted: EMBEDDINGxLANGUAGE workers, each 1 to {}", text, kMostWorkers));
    }
    settings.embeddings = static_cast<std::uint32_t>(*embeddings);
    settings.languages = static_cast<std::uint32_t>(*languages);
}

/// "1024", "auto" or "auto:0.8".
void set_guess(const std::string& text, Settings& settings) {
    settings.expected = number_of(text);
    if (settings.expected && *settings.expected <= 2147483647) return;
    if (text == "auto") return;
    if (text.rfind("auto:", 0) == 0) {
        char* end = nullptr;
        settings.guess.share = std::strtod(text.c_str() + 5, &end);
        if (*end == '\0' && settings.guess.share >= 0.01 && settings.guess.share <= 0.999) return;
    }
    throw Error(ErrorKind::bad_argument,
                fmt::format("--guess {}; permitted: 0 to 2147483647, auto, auto:SHARE with 0.01 to 0.999", text));
}

Time microseconds(double value) {
    return Time(static_cast<std::int64_t>(value * 1000 + 0.5));
}

}  // namespace

void add_options(CLI::App& app, CommandOptions& options) {
    auto* group = app.add_option_group("Simulated clusters (--jobs, --json hold for them too)");
    group
        ->add_option("--scale", options.clusters,
                     "embedding x language workers of a cluster, or several: completion times, queues, messages, "
                     "fairness and memory by a model of its links")
        ->delimiter(',');
    group
        ->add_option(
            "--guess", options.guesses,
            "first guesses to compare, in tokens; 0: size first; auto:SHARE: learned, for that share to need no resume")
        ->delimiter(',')
        ->capture_default_str();
    group->add_option("--requests", options.requests, "requests of each cluster (15625 an embedding worker)")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    group->add_option("--load", options.load, "share of the embedding workers' ports that is asked for")
        ->check(CLI::Range(0.01, 2.0))
        ->capture_default_str();
    group->add_option("--link", options.link_gigabits, "rate of a port, Gb/s")
        ->check(CLI::Range(1.0, 10000.0))
        ->capture_default_str();
    group->add_option("--data-delay", options.data_delay, "from port to port, microseconds")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    group->add_option("--control-delay", options.control_delay, "of a control message, microseconds")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    group->add_option("--pool-blocks", options.pool_blocks, "blocks of a language worker")
        ->check(CLI::Range(1u, 1u << 20))
        ->capture_default_str();
    group->add_option("--hidden", options.hidden, "elements of one embedding, bf16")
        ->check(CLI::Range(1u, 1u << 20))
        ->capture_default_str();
    group->add_option("--seed", options.seed, "of arrivals, lengths and choices of workers")->capture_default_str();
}

bool run_command(const CommandOptions& options, unsigned jobs, bool json) {
    std::vector<Settings> all;
    for (const std::string& cluster : options.clusters) {
        for (const std::string& guess : options.guesses) {
            Settings settings;
            set_cluster(cluster, settings);
            set_guess(guess, settings);
            settings.requests = options.requests != 0 ? options.requests : kRequestsOfEmbedding * settings.embeddings;
            settings.seed = options.seed;
            settings.load = options.load;
            settings.costs.link_gigabits = options.link_gigabits;
            settings.costs.data_delay = microseconds(options.data_delay);
            settings.costs.control_delay = microseconds(options.control_delay);
            settings.pool_blocks = options.pool_blocks;
            settings.layout.hidden = options.hidden;
            all.push_back(settings);
        }
    }
    const std::vector<Result> results = run_clusters(all, jobs);
    std::cout << (json ? scale_json(results) : scale_text(results));
    return std::all_of(results.begin(), results.end(), [](const Result& r) { return r.failed == 0; });
}

}  // namespace remit::sim::scale
