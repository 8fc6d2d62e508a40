// Simulated clusters: small ones, in every test run.

#include "sim/scale/cluster.hpp"
#include "sim/scale/runs.hpp"

#include <remit/language_worker.hpp>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace remit::sim::scale {
namespace {

Settings small_cluster(std::optional<std::uint64_t> expected, std::uint64_t requests = 600) {
    Settings settings;
    settings.embeddings = 2;
    settings.languages = 5;
    settings.requests = requests;
    settings.expected = expected;
    return settings;
}

void expect_whole(const Result& r) {
    EXPECT_EQ(r.succeeded, r.settings.requests);
    EXPECT_EQ(r.failed, 0u) << r.first_failure;
    EXPECT_EQ(r.completion.size(), r.settings.requests);
    EXPECT_EQ(r.stretch.size(), r.settings.requests);
    EXPECT_GE(r.blocks_offered, r.blocks_needed);
    EXPECT_GE(r.bytes, Layout::multimodal(r.settings.layout).payload_bytes(r.tokens) - 64 * r.settings.requests);
}

std::uint64_t of(const Result& r, MessageKind kind) {
    return r.messages[static_cast<std::size_t>(kind)];
}

TEST(Scale, EveryRequestArrivesWhateverTheGuess) {
    for (const auto& expected : {std::optional<std::uint64_t>(0), std::optional<std::uint64_t>(1),
                                 std::optional<std::uint64_t>(1024), std::optional<std::uint64_t>(8192), kAutoTokens}) {
        SCOPED_TRACE(small_cluster(expected).policy());
        expect_whole(run_cluster(small_cluster(expected)));
    }
}

TEST(Scale, SettingsDecideAllOfIt) {
    const Result first = run_cluster(small_cluster(kAutoTokens));
    const Result second = run_cluster(small_cluster(kAutoTokens));
    EXPECT_EQ(first.hash, second.hash);
    EXPECT_EQ(first.events, second.events);
    EXPECT_EQ(first.messages, second.messages);
    Settings other = small_cluster(kAutoTokens);
    other.seed = 2;
    EXPECT_NE(first.hash, run_cluster(other).hash);
    const std::vector<Result> beside =
        run_clusters({small_cluster(kAutoTokens), small_cluster(0), small_cluster(kAutoTokens)}, 3);
    EXPECT_EQ(beside[0].hash, first.hash);
    EXPECT_EQ(beside[2].hash, first.hash);
    EXPECT_NE(beside[1].hash, first.hash);
}

TEST(Scale, CompletionIsNoFasterThanTheWireAndTheControlChannel) {
    Settings settings = small_cluster(0, 200);
    settings.load = 0.05;
    const Costs& costs = settings.costs;
    const Result first = run_cluster(settings);
    EXPECT_GE(first.stretch.quantile(0.001), 1);
    // INIT, STATUS, RESUME; the shortest request is the trace's, and alone in the worker.
    EXPECT_GE(first.completion.quantile(0.001),
              static_cast<double>((3 * costs.control_delay + costs.data_delay).count()) / 1e3);
    settings.expected = 1 << 20;
    const Result one_shot = run_cluster(settings);
    EXPECT_GE(one_shot.completion.quantile(0.001),
              static_cast<double>((costs.control_delay + costs.data_delay).count()) / 1e3);
    // What a request asked for first costs more: two control messages and the threads that take them.
    const double difference = first.completion.quantile(0.5) - one_shot.completion.quantile(0.5);
    EXPECT_GE(difference, static_cast<double>((2 * costs.control_delay).count()) / 1e3);
    EXPECT_LE(difference, static_cast<double>((3 * costs.control_delay).count()) / 1e3);
}

TEST(Scale, MessagesAreCountedOfTheRequestsMeasured) {
    Settings settings = small_cluster(1 << 15);  // more than the longest request of the trace, and blocks for many
    settings.pool_blocks = 8192;
    const Result one_shot = run_cluster(settings);
    EXPECT_EQ(of(one_shot, MessageKind::init), settings.requests);
    EXPECT_EQ(of(one_shot, MessageKind::resume), one_shot.resumes);
    EXPECT_EQ(one_shot.resumes, 0u);
    EXPECT_EQ(one_shot.rounds, settings.requests);
    const Result first = run_cluster(small_cluster(0));
    EXPECT_EQ(first.inits_without_blocks, settings.requests);
    EXPECT_EQ(of(first, MessageKind::resume), first.rounds);
    EXPECT_EQ(first.resumes, first.rounds - settings.requests) << "the first round of each is no resume";
}

TEST(Scale, TheGuessLearnsTheTrace) {
    // 20 % load, so that memory plays no part.
    Settings settings = small_cluster(kAutoTokens, 4000);
    settings.load = 0.2;
    settings.languages = 2;
    settings.guess.free_share = 1;
    settings.guess.share = 0.8;
    const Result learned = run_cluster(settings);
    EXPECT_NEAR(static_cast<double>(learned.resumes) / 4000, 0.2, 0.04);
    settings.expected = 1024;
    const Result fixed = run_cluster(settings);
    EXPECT_GT(fixed.resumes, 2 * learned.resumes);
}

TEST(Scale, ShortMemoryMakesResumesAndLosesNothing) {
    Settings settings = small_cluster(8192);
    settings.pool_blocks = 24;
    const Result r = run_cluster(settings);
    expect_whole(r);
    EXPECT_GT(r.resumes, 0u);
    EXPECT_LE(r.most_blocks, 24u);
    EXPECT_LE(r.pool_share, 1);
}

TEST(Scale, MessagesOfARequestDoNotGrowWithTheCluster) {
    std::vector<double> messages;
    for (const std::uint32_t size : {1u, 2u, 4u}) {
        Settings settings = small_cluster(kAutoTokens, 1000 * size);
        settings.embeddings = 2 * size;
        settings.languages = 8 * size;
        const Result r = run_cluster(settings);
        expect_whole(r);
        messages.push_back(static_cast<double>(of(r, MessageKind::init) + of(r, MessageKind::resume) +
                                               of(r, MessageKind::status) + of(r, MessageKind::abort)) /
                           static_cast<double>(settings.requests));
    }
    EXPECT_NEAR(messages[1] / messages[0], 1, 0.1);
    EXPECT_NEAR(messages[2] / messages[0], 1, 0.1);
}

TEST(Scale, ReportsSayThatTheyAreAModel) {
    const std::vector<Result> results{run_cluster(small_cluster(1024, 50))};
    EXPECT_EQ(scale_text(results).rfind("A MODEL, not a measurement", 0), 0u);
    const auto json = nlohmann::json::parse(scale_json(results));
    EXPECT_EQ(json["model"].get<std::string>().rfind("A MODEL", 0), 0u);
    EXPECT_EQ(json["runs"].size(), 1u);
    EXPECT_EQ(json["runs"][0]["succeeded"], 50);
}

TEST(Scale, JainsIndexIsOneWhereAllAreEqual) {
    EXPECT_DOUBLE_EQ(jain_index({3, 3, 3}), 1);
    EXPECT_DOUBLE_EQ(jain_index({4, 0, 0, 0}), 0.25);
}

TEST(Scale, QuantilesAreOfTheSmallestValuesThatCoverTheShare) {
    Samples samples;
    Counts counts;
    for (int i = 100; i >= 1; --i) {
        samples.add(i);
        counts.add(static_cast<std::size_t>(i));
    }
    samples.sort();
    EXPECT_EQ(samples.quantile(0.5), 50);
    EXPECT_EQ(samples.quantile(1), 100);
    EXPECT_EQ(counts.quantile(0.5), 50u);
    EXPECT_EQ(counts.quantile(0.999), 100u);
    EXPECT_EQ(counts.most(), 100u);
    EXPECT_DOUBLE_EQ(counts.mean(), 50.5);
}

}  // namespace
}  // namespace remit::sim::scale
