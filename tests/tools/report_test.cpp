#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/report/event_lines.hpp"
#include "tools/report/progress_bar.hpp"
#include "tools/report/report.hpp"
#include "tools/report/timeline.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

HalfReport receiver_report() {
    return {.side = Side::language,
            .status = Status::Success,
            .reason = "",
            .verified = true,
            .device = "rxe_b0",
            .requests = 1,
            .tokens = 2000,
            .rounds = 2,
            .resumes = 1,
            .bytes = 16000000,
            .writes = std::nullopt,
            .seconds = 0.25,
            .begin_ns = 42};
}

HalfReport sender_report() {
    HalfReport report = receiver_report();
    report.side = Side::embedding;
    report.device = "rxe_a0";
    report.writes = 8;
    return report;
}

TEST(Report, JsonHasTheFieldsInOrder) {
    const Report report = combine(sender_report(), {receiver_report()}, FabricKind::verbs);
    const auto json = nlohmann::ordered_json::parse(to_json(report));
    std::vector<std::string> keys;
    for (const auto& [key, value] : json.items()) keys.push_back(key);
    EXPECT_THAT(keys, ElementsAre("status", "reason", "verified", "device", "fabric", "memory", "gpu_direct", "gather", "requests", "tokens", "rounds",
                                  "resumes", "bytes", "writes", "seconds"));
    EXPECT_EQ(json["status"], "Success");
    EXPECT_EQ(json["verified"], true);
    EXPECT_EQ(json["device"], "rxe_a0,rxe_b0");
    EXPECT_EQ(json["fabric"], "verbs");
    EXPECT_EQ(json["writes"], 8);
    EXPECT_EQ(to_json(report).find('\n'), std::string::npos);
}

TEST(Report, BytesThatAreNoTextDoNotBreakTheJson) {
    const auto json = nlohmann::json::parse(to_json(failure("\xff\xfe \n", FabricKind::verbs)));
    EXPECT_EQ(json["status"], "Failed");
}

TEST(Report, EitherHalfsFailureIsTheWholes) {
    HalfReport failed = sender_report();
    failed.status = Status::Failed;
    failed.reason = "room 1: the sender's";
    EXPECT_EQ(combine(failed, {receiver_report()}, FabricKind::verbs).reason, "room 1: the sender's");
    EXPECT_EQ(exit_status_of(combine(failed, {receiver_report()}, FabricKind::verbs)), ExitStatus::failed);
    HalfReport also = receiver_report();
    also.status = Status::Failed;
    also.reason = "room 1: the receiver's";
    EXPECT_EQ(combine(failed, {also}, FabricKind::verbs).reason, "room 1: the receiver's");
    EXPECT_EQ(exit_status_of(combine(sender_report(), {receiver_report()}, FabricKind::verbs)), ExitStatus::verified);
}

TEST(Report, WhatBothHalvesDidNotVerifyIsNoSuccess) {
    HalfReport receiver = receiver_report();
    receiver.verified.reset();
    const Report report = combine(sender_report(), {receiver}, FabricKind::verbs);
    EXPECT_EQ(exit_status_of(report), ExitStatus::failed);
    EXPECT_NE(report.reason, "");
    EXPECT_EQ(exit_status_of(report_of(receiver, FabricKind::verbs)), ExitStatus::verified);
}

TEST(Report, RanksAreSummedAndToldOneByOne) {
    HalfReport early = receiver_report();
    early.begin_ns = 1'000'000'000;
    HalfReport late = receiver_report();
    late.begin_ns = 1'500'000'000;
    late.rounds = 1;
    late.resumes = 0;
    const Report report = combine(sender_report(), {early, late}, FabricKind::verbs);
    EXPECT_EQ(exit_status_of(report), ExitStatus::verified);
    EXPECT_EQ(report.tokens, 2000U);
    EXPECT_EQ(report.rounds, 3U);
    EXPECT_EQ(report.resumes, 1U);
    EXPECT_DOUBLE_EQ(report.seconds, 0.75);
    const auto json = nlohmann::json::parse(to_json(report));
    ASSERT_EQ(json["ranks"].size(), 2U);
    EXPECT_EQ(json["ranks"][1]["rounds"], 1);
    EXPECT_THAT(verdict(report, 2000, Command::demo),
                HasSubstr("by each of 2 ranks [language 0: 2 rounds (1 resume), language 1: 1 round (0 resumes)]"));
}

TEST(Report, OneFailedRankFailsTheWholeAndIsNamed) {
    HalfReport failed = receiver_report();
    failed.status = Status::Failed;
    failed.verified = false;
    failed.reason = "room 1: gone";
    failed.tokens = 0;
    const Report report = combine(sender_report(), {receiver_report(), failed}, FabricKind::verbs);
    EXPECT_EQ(exit_status_of(report), ExitStatus::failed);
    EXPECT_EQ(report.reason, "language 1: room 1: gone");
    EXPECT_EQ(report.verified, false);
    EXPECT_EQ(report.tokens, 0U);
    EXPECT_THAT(verdict(report, 2000, Command::demo), HasSubstr("language 1: failed"));
    HalfReport unknown = receiver_report();
    unknown.verified.reset();
    EXPECT_EQ(combine(sender_report(), {receiver_report(), unknown}, FabricKind::verbs).status, Status::Failed);
}

TEST(Report, OneIsNoPlural) {
    EXPECT_EQ(count_text(1, "token"), "1 token");
    EXPECT_EQ(count_text(0, "token"), "0 tokens");
    Report report = combine(sender_report(), {receiver_report()}, FabricKind::verbs);
    report.tokens = 1;
    EXPECT_THAT(verdict(report, 1, Command::demo), StartsWith("1 of 1 token verified"));
}

TEST(Report, TheVerdictSaysHowMuchAndHow) {
    const Report report = combine(sender_report(), {receiver_report()}, FabricKind::verbs);
    EXPECT_THAT(verdict(report, 2000, Command::demo),
                StartsWith("2000 of 2000 tokens verified, 2 rounds (1 resume), device rxe_a0,rxe_b0"));
    EXPECT_THAT(verdict(report, 2000, Command::demo), HasSubstr("16.0 MB in 250.0 ms (64.0 MB/s), 8 writes"));
    EXPECT_THAT(verdict(failure("no luck", FabricKind::verbs), 2000, Command::demo),
                AllOf(StartsWith("FAILED: no luck"), HasSubstr("0 of 2000 tokens")));
    Report unknown = report;
    unknown.verified.reset();
    EXPECT_THAT(verdict(unknown, 2000, Command::language), HasSubstr("not verified"));
    EXPECT_THAT(verdict(unknown, 2000, Command::embed), HasSubstr("2000 of 2000 tokens sent"));
}

TEST(Report, ErrorsMapToExitStatuses) {
    EXPECT_EQ(exit_status_of(ErrorKind::bad_argument), ExitStatus::usage);
    EXPECT_EQ(exit_status_of(ErrorKind::misuse), ExitStatus::usage);
    EXPECT_EQ(exit_status_of(ErrorKind::environment), ExitStatus::environment);
    EXPECT_EQ(exit_status_of(ErrorKind::exhausted), ExitStatus::failed);
    EXPECT_EQ(exit_status_of(ErrorKind::refused), ExitStatus::failed);
    EXPECT_EQ(exit_status_of(ErrorKind::internal), ExitStatus::failed);
}

template <typename T>
T through_a_line(const T& event) {
    const auto decoded = decode(encode(event));
    return std::get<T>(decoded.value());
}

TEST(EventLines, EveryEventComesBack) {
    EXPECT_EQ(through_a_line(ReadyEvent{Side::embedding, "tcp://[::1]:7", "rxe_a0"}).endpoint, "tcp://[::1]:7");
    EXPECT_EQ(through_a_line(Progress{1, 2, 3, 4}).tokens, 4U);
    const ErrorEvent error = through_a_line(ErrorEvent{ExitStatus::environment, "line\nand \"quote\""});
    EXPECT_EQ(error.status, ExitStatus::environment);
    EXPECT_EQ(error.message, "line\nand \"quote\"");
    TimelineEvent event{.time_ns = 1234567890123456789, .side = Side::language, .what = "RESUME", .round = 3};
    event.first_token = 1024;
    event.status = Status::Transferring;
    const TimelineEvent again = through_a_line(event);
    EXPECT_EQ(again.time_ns, event.time_ns);
    EXPECT_EQ(again.what, "RESUME");
    EXPECT_EQ(again.round, 3U);
    EXPECT_EQ(again.status, Status::Transferring);
}

TEST(EventLines, ReportsComeBackWithWhatIsUnknown) {
    const HalfReport receiver = through_a_line(receiver_report());
    EXPECT_EQ(receiver.writes, std::nullopt);
    EXPECT_EQ(receiver.verified, true);
    EXPECT_EQ(receiver.seconds, 0.25);
    EXPECT_EQ(receiver.begin_ns, 42);
    HalfReport sender = sender_report();
    sender.verified.reset();
    EXPECT_EQ(through_a_line(sender).verified, std::nullopt);
    EXPECT_EQ(through_a_line(sender).writes, 8U);
}

TEST(EventLines, OtherTextIsNoEvent) {
    for (const char* line : {"", "hello", "{}", "[]", "42", R"({"event":"other"})", R"({"event":"ready"})",
                             R"({"event":"report","side":"x"})", "{\"event\":\"ready\""}) {
        EXPECT_FALSE(decode(line)) << line;
    }
}

TimelineEvent event_at(std::int64_t ms, Side side, const char* what, std::uint32_t round = 0,
                       Status status = Status::Transferring) {
    TimelineEvent event{.time_ns = ms * 1000000, .side = side, .what = what, .round = round};
    event.status = status;
    return event;
}

TEST(Timeline, BothHalvesAreMergedAndTheStepsMarked) {
    const auto lines = timeline_lines({
        event_at(100, Side::language, "INIT", 0, Status::Bootstrapping),
        event_at(102, Side::language, "round complete"),
        event_at(103, Side::language, "copied out"),
        event_at(104, Side::language, "RESUME", 1),
        event_at(106, Side::language, "round complete", 1),
        event_at(107, Side::language, "final", 0, Status::Success),
        event_at(109, Side::language, "verified", 0, Status::Success),
        event_at(101, Side::embedding, "send", 0, Status::Bootstrapping),
        event_at(105, Side::embedding, "status"),
        event_at(108, Side::embedding, "final", 0, Status::Success),
    });
    ASSERT_EQ(lines.size(), 10U);
    const char* const steps[] = {"T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T7", "T8"};
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_THAT(lines[i], AllOf(StartsWith(steps[i]), HasSubstr(std::to_string(i) + ".000 ms")));
    }
    EXPECT_THAT(lines[1], HasSubstr("embedding"));
    EXPECT_THAT(lines[8], AllOf(HasSubstr("embedding"), HasSubstr("Success")));
}

TEST(Timeline, RanksAreNamedAndHaveStepsOfTheirOwn) {
    auto first = event_at(100, Side::language, "INIT");
    auto second = event_at(101, Side::language, "INIT");
    first.rank = 0;
    second.rank = 1;
    const auto lines = timeline_lines({first, second});
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_THAT(lines[0], AllOf(StartsWith("T0"), HasSubstr("language 0")));
    EXPECT_THAT(lines[1], AllOf(StartsWith("T0"), HasSubstr("language 1")));
}

TEST(Timeline, AStepIsMarkedOnceAndLongOnesLoseTheirMiddle) {
    std::vector<TimelineEvent> events;
    for (std::uint32_t round = 0; round < 100; ++round) {
        events.push_back(event_at(round, Side::language, "round complete", round));
    }
    const auto lines = timeline_lines(events);
    EXPECT_LE(lines.size(), 41U);
    EXPECT_THAT(lines[1], StartsWith("T6"));
    EXPECT_THAT(lines[2], StartsWith("  "));
    EXPECT_THAT(lines.back(), HasSubstr("round 99"));
    EXPECT_TRUE(timeline_lines({}).empty());
}

TEST(ProgressBar, TextStaysWithinItsBounds) {
    EXPECT_THAT(bar_text({0, 2, 0, 100}), StartsWith("[..............................] 0 %"));
    EXPECT_THAT(bar_text({1, 2, 50, 100}), StartsWith("[###############...............] 50 %"));
    EXPECT_THAT(bar_text({2, 2, 150, 100}), StartsWith("[##############################] 100 %"));
    EXPECT_THAT(bar_text({0, 0, 0, 0}), HasSubstr("0 of 0"));
}

}  // namespace
}  // namespace remit::tools::test
