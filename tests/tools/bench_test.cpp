#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <vector>

#include "run_command.hpp"
#include "tools/bench/plan.hpp"
#include "tools/bench/results.hpp"
#include "tools/bench/statistics.hpp"
#include "tools/cli/parse.hpp"

namespace remit::tools::test {
namespace {

std::vector<double> one_to(int last) {
    std::vector<double> values(static_cast<std::size_t>(last));
    std::iota(values.begin(), values.end(), 1.0);
    std::reverse(values.begin(), values.end());
    return values;
}

Options bench_options(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bench");
    return *parse(arguments).options;
}

TEST(BenchOptions, EachEndTakesItsRails) {
    const std::vector<std::string> rails{"a0", "a1"};
    EXPECT_EQ(bench_options({"--insecure", "--listen", "tcp://10.0.0.1:7700", "--device", "a0,a1"}).devices, rails);
    EXPECT_EQ(bench_options({"--insecure", "--connect", "tcp://10.0.0.1:7700", "--device", "a0,a1"}).devices, rails);
}

TEST(BenchStatistics, PercentilesAreNearestRanks) {
    const Percentiles hundred = percentiles_of(one_to(100));
    EXPECT_EQ(hundred.least, 1);
    EXPECT_EQ(hundred.p50, 50);
    EXPECT_EQ(hundred.p90, 90);
    EXPECT_EQ(hundred.p99, 99);
    EXPECT_EQ(hundred.p999, 100);
    EXPECT_EQ(hundred.most, 100);
    EXPECT_EQ(percentiles_of(one_to(2000)).p999, 1998);
    EXPECT_EQ(percentiles_of({7}).p50, 7);
}

/// Ranks from tables of the sign test: n = 6 → 1, 10 → 2, 25 → 8.
TEST(BenchStatistics, MedianIntervalTakesTheRanksOfTheSignTest) {
    for (const auto& [n, rank] : std::vector<std::pair<int, int>>{{6, 1}, {8, 1}, {9, 2}, {10, 2}, {25, 8}, {100, 40}}) {
        const MedianInterval interval = median_interval(one_to(n));
        EXPECT_EQ(interval.low, rank) << n;
        EXPECT_EQ(interval.high, n + 1 - rank) << n;
        EXPECT_EQ(interval.median, (n + 1) / 2.0) << n;
    }
    const MedianInterval few = median_interval({3, 1, 2});
    EXPECT_EQ(few.low, 1);
    EXPECT_EQ(few.high, 3);
}

TEST(BenchStatistics, RatiosArePaired) {
    const auto ratio = ratio_of({2, 20, 200, 7}, {1, 10, 100});
    ASSERT_TRUE(ratio);
    EXPECT_EQ(ratio->median, 2);
    EXPECT_EQ(ratio->low, 2);
    EXPECT_EQ(ratio->high, 2);
    EXPECT_FALSE(ratio_of({1}, {}));
}

TEST(BenchPlan, RoomsOfAllCasesDifferAndOtherPlansHaveOthers) {
    const BenchPlan plan(bench_options({"--sizes=1t,64K", "--modes=one-shot,resume/10,size-first"}));
    const BenchPlan other(bench_options({"--sizes=2t,64K", "--modes=one-shot,resume/10,size-first"}));
    ASSERT_EQ(plan.cases().size(), 6u);
    std::set<RoomId> rooms{plan.last_room()};
    for (std::size_t i = 0; i < plan.cases().size(); ++i) {
        for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, BenchPlan::kChecked}) {
            EXPECT_TRUE(rooms.insert(plan.room(i, number)).second);
            EXPECT_LE(plan.room(i, number), kMaxRoomId);
            EXPECT_NE(plan.room(i, number), other.room(i, number));
        }
    }
    EXPECT_EQ(plan.cases()[0].expected_tokens, 1u);
    EXPECT_EQ(plan.cases()[1].expected_tokens, 1u);  // a tenth of one token is one
    EXPECT_EQ(plan.cases()[5].expected_tokens, 0u);
}

TEST(BenchPlan, SizesInBytesBecomeTheNearestNumberOfTokens) {
    const BenchPlan plan(bench_options({"--sizes=16M,1G", "--modes=resume/4", "--hidden=4096"}));
    const double bytes = static_cast<double>(plan.cases()[0].bytes);
    EXPECT_NEAR(bytes / (16 << 20), 1, 0.001);
    EXPECT_EQ(plan.cases()[0].expected_tokens, plan.cases()[0].tokens / 4);
    EXPECT_GE(plan.receiver_pool_blocks(), plan.receiver_layout().blocks_for(plan.most_tokens()));
}

TEST(BenchPlan, CheckedRequestsOfNeighbouringModesCarryDifferentPayloads) {
    const BenchPlan plan(bench_options({"--sizes=1M", "--modes=one-shot,one-shot,resume/2"}));
    EXPECT_EQ(plan.payload_of_checked(0), 1u);  // the timed ones before it carry 0
    EXPECT_NE(plan.payload_of_checked(0), plan.payload_of_checked(1));
    EXPECT_NE(plan.payload_of_checked(1), plan.payload_of_checked(2));
}

TEST(BenchResults, TheSendersFiguresSurviveTheirJson) {
    BenchSenderReport report{"rxe_a0", "why", {{1, 2, 3, 4}, {5, 6, 7, 8}}};
    const BenchSenderReport read = bench_sender_from_json(bench_sender_json(report));
    EXPECT_EQ(read.device, "rxe_a0");
    EXPECT_EQ(read.reason, "why");
    ASSERT_EQ(read.cases.size(), 2u);
    EXPECT_EQ(read.cases[1].writes, 7u);
    EXPECT_THROW(static_cast<void>(bench_sender_from_json("nonsense")), Error);
}

Outcome loopback_bench(std::vector<std::string> more) {
    const std::vector<std::string> first{"bench", "--fabric", "loopback", "--hidden", "64", "--json"};
    more.insert(more.begin(), first.begin(), first.end());
    return run_command(more);
}

TEST(BenchCommand, MeasuresEachCaseAndChecksIt) {
    const Outcome outcome = loopback_bench({"--sizes=3t,300t", "--modes=one-shot,resume/2,serial/2,size-first",
                                            "--iterations=7", "--warmup=2", "--block-size=16"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const nlohmann::json json = outcome.json();
    EXPECT_EQ(json["verified"], true);
    ASSERT_EQ(json["cases"].size(), 8u);
    for (const auto& one : json["cases"]) {
        EXPECT_EQ(one["samples"].size(), 7u) << one;
        EXPECT_LE(one["seconds"]["min"], one["seconds"]["p50"]) << one;
        EXPECT_LE(one["seconds"]["p99.9"], one["seconds"]["max"]) << one;
        EXPECT_GE(one["writes_a_request"].get<double>(), one["rounds_a_request"].get<double>()) << one;
    }
    EXPECT_EQ(json["cases"][4]["rounds_a_request"], 1);
    EXPECT_EQ(json["cases"][5]["rounds_a_request"], 2);
    EXPECT_EQ(json["cases"][6]["rounds_a_request"], 2);
    EXPECT_EQ(json["cases"][7]["rounds_a_request"], 1);
}

TEST(BenchCommand, KeepsSeveralInFlightIntoSinks) {
    const Outcome outcome = loopback_bench({"--sizes=1t,40t", "--modes=one-shot", "--iterations=200", "--concurrency=16",
                                            "--sink"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const nlohmann::json json = outcome.json();
    for (const auto& one : json["cases"]) {
        EXPECT_EQ(one["requests"], 200) << one;
        EXPECT_GT(one["requests_per_second"], 0) << one;
        EXPECT_GT(one["cpu_seconds_a_request"], 0) << one;
    }
}

TEST(BenchCommand, ForATimeInsteadOfACount) {
    const Outcome outcome = loopback_bench({"-s", "5t", "--modes=one-shot", "-D", "1"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_GT(outcome.json()["cases"][0]["requests"], 0);
    EXPECT_EQ(outcome.json()["verified"], true);
}

TEST(BenchCommand, WritesItsTableAsCsv) {
    const TemporaryFolder folder;
    const Outcome outcome = loopback_bench({"--sizes=5t", "--modes=one-shot,size-first", "--iterations=6",
                                            "--csv=" + (folder / "table.csv").string()});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const std::string csv = read_text(folder / "table.csv");
    EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);
    EXPECT_NE(csv.find("\nsize-first,5,0,"), std::string::npos) << csv;
    EXPECT_EQ(loopback_bench({"--sizes=5t", "--iterations=1", "--csv=/nowhere/table.csv"}).status, 3);
}

TEST(BenchCommand, BadUsageNamesOptionValueAndRange) {
    for (const char* bad : {"--sizes=0", "--sizes=12Q", "--sizes=", "--modes=fast", "--modes=resume/1", "--qps=17",
                            "--iterations=0", "--gather=maybe", "--listen=tcp://127.0.0.1:0"}) {
        const Outcome outcome = loopback_bench({bad});
        EXPECT_EQ(outcome.status, 2) << bad;
        EXPECT_NE(outcome.err.find("permitted"), std::string::npos) << outcome.err;
    }
}

}  // namespace
}  // namespace remit::tools::test
