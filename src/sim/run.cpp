#include "sim/run.hpp"

#include "sim/world.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace remit::sim {
namespace {

// Threads take so many seeds at a time.
constexpr std::uint64_t kBatch = 64;

void add_failure(std::map<std::string, FailureGroup>& groups, const std::string& failure, std::uint64_t seed,
                 std::uint64_t steps) {
    FailureGroup& group = groups[kind_of(failure)];
    ++group.count;
    const bool shorter = group.count == 1 || steps < group.steps || (steps == group.steps && seed < group.seed);
    if (shorter) {
        if (group.count > 1) group.more_seeds.push_back(group.seed);
        group.failure = failure;
        group.seed = seed;
        group.steps = steps;
    } else {
        group.more_seeds.push_back(seed);
    }
}

Sizes sizes_of(const Settings& settings) {
    return {settings.embeddings.size(),
            settings.languages.size(),
            settings.rooms,
            settings.most_tokens,
            settings.steps,
            settings.faults};
}

}  // namespace

std::string kind_of(const std::string& failure) {
    std::string kind;
    for (const char c : failure) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit) {
            kind += c;
        } else if (kind.empty() || kind.back() != '#') {
            kind += '#';
        }
    }
    return kind.substr(0, 400);
}

Outcome run_history(std::uint64_t seed, std::string_view scenario, Sabotage sabotage, bool words,
                    const Reduction& reduction) {
    World world(seed, scenario, sabotage, words, reduction);
    const Sizes sizes = sizes_of(world.settings());  // the end of a history takes its faults away
    protocol::count_transitions(&world.statistics().transitions);
    Outcome outcome;
    try {
        world.run();
    } catch (const std::exception& error) {
        outcome.failure = error.what();
    }
    protocol::count_transitions(nullptr);
    outcome.statistics = world.statistics();
    outcome.sizes = sizes;
    outcome.misfortunes = world.misfortunes();
    outcome.trace_hash = world.trace().hash();
    if (words) {
        outcome.trace = world.trace().lines();
        outcome.settings = world.settings().describe();
    }
    return outcome;
}

CampaignResult run_campaign(const Campaign& campaign) {
    CampaignResult result;
    std::mutex mutex;
    std::atomic<std::uint64_t> next{0};
    std::atomic<bool> enough{false};
    const auto begin = std::chrono::steady_clock::now();
    const auto work = [&] {
        Statistics statistics;
        for (std::uint64_t from = next.fetch_add(kBatch); from < campaign.seeds; from = next.fetch_add(kBatch)) {
            for (std::uint64_t i = from; i < std::min(from + kBatch, campaign.seeds) && !enough; ++i) {
                const std::uint64_t seed = campaign.first_seed + i;
                const Outcome outcome = run_history(seed, campaign.scenario, campaign.sabotage);
                statistics.add(outcome.statistics);
                if (outcome.failure.empty()) continue;
                enough = campaign.until_failure;
                const std::scoped_lock lock(mutex);
                add_failure(result.failures, outcome.failure, seed, outcome.statistics.steps);
            }
        }
        const std::scoped_lock lock(mutex);
        result.statistics.add(statistics);
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < campaign.jobs; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    for (auto& [kind, group] : result.failures) std::sort(group.more_seeds.begin(), group.more_seeds.end());
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
}

std::uint64_t CampaignResult::failed() const {
    std::uint64_t sum = 0;
    for (const auto& [kind, group] : failures) sum += group.count;
    return sum;
}

}  // namespace remit::sim
