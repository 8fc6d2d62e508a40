// The log for programs: a JSON object a line.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "run_command.hpp"
#include "tools/observe/json_log.hpp"

namespace remit::tools::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(JsonLog, ALineHasWhatThereIs) {
    LogLine line;
    line.time = std::chrono::system_clock::time_point(std::chrono::microseconds(1'764'140'272'123'456));
    line.level = LogLevel::warn;
    line.text = "room 9223372036854775807 Failed: \"x\"\n";
    line.event = "failed";
    line.room = kMaxRoomId;
    line.session = 5;
    line.cause = "memory";
    line.remedy = "more";
    EXPECT_EQ(to_json_line(line),
              "{\"time\":\"2025-11-26T06:57:52.123456Z\",\"level\":\"warn\",\"event\":\"failed\","
              "\"room\":\"9223372036854775807\",\"session\":\"5\",\"cause\":\"memory\",\"remedy\":\"more\","
              "\"text\":\"room 9223372036854775807 Failed: \\\"x\\\"\\n\"}");
    EXPECT_EQ(to_json_line({}), "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"info\",\"text\":\"\"}");
}

TEST(JsonLog, WhatIsNoUtf8IsReplaced) {
    LogLine line;
    line.text = "a\xff\xfe b";
    EXPECT_TRUE(nlohmann::json::accept(to_json_line(line))) << to_json_line(line);
}

/// Every line parses, and has its time, level and text.
std::vector<nlohmann::json> lines_of(const std::string& text) {
    std::vector<nlohmann::json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        EXPECT_TRUE(json.is_object()) << line;
        if (!json.is_object()) continue;
        EXPECT_THAT(json.value("time", ""), ::testing::MatchesRegex(
                                                "....-..-..T..:..:..\\.......Z"));
        EXPECT_NE(json.value("level", ""), "") << line;
        EXPECT_NE(json.value("text", ""), "") << line;
        lines.push_back(json);
    }
    return lines;
}

std::vector<nlohmann::json> with_event(const std::vector<nlohmann::json>& lines, const std::string& event) {
    std::vector<nlohmann::json> found;
    for (const auto& line : lines) {
        if (line.value("event", "") == event) found.push_back(line);
    }
    return found;
}

TEST(JsonLog, OfACommandIsValidLineByLine) {
    const Outcome outcome = run_command({"demo", "--fabric", "loopback", "--hidden", "64", "--requests", "3", "--log-format", "json",
                                         "--log-level", "debug"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const auto lines = lines_of(outcome.err);
    const auto succeeded = with_event(lines, "succeeded");
    EXPECT_EQ(succeeded.size(), 6U) << "three rooms, at both workers";
    for (const auto& line : succeeded) {
        EXPECT_TRUE(line.contains("room")) << line;
        EXPECT_TRUE(line.contains("session")) << line;
    }
    EXPECT_EQ(with_event(lines, "connected").size(), 2U);
}

TEST(JsonLog, TheLastLineOfARoomThatFailedSaysWhatToDo) {
    const Outcome outcome = run_command({"demo", "--fabric", "loopback", "--hidden", "64", "--tokens", "10000", "--pool-blocks",
                                         "8", "--keep-blocks", "--log-format", "json"});
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    const auto failed = with_event(lines_of(outcome.err), "failed");
    ASSERT_FALSE(failed.empty()) << outcome.err;
    EXPECT_EQ(failed[0]["room"], "1");
    EXPECT_EQ(failed[0]["cause"], "pool_too_small");
    EXPECT_THAT(failed[0]["remedy"].get<std::string>(), HasSubstr("sink"));
    EXPECT_THAT(failed[0]["text"].get<std::string>(), HasSubstr(failed[0]["remedy"].get<std::string>()));
}

TEST(JsonLog, TextIsTheDefault) {
    const Outcome outcome = run_command({"demo", "--fabric", "loopback", "--hidden", "64", "--tokens", "10000", "--pool-blocks",
                                         "8", "--keep-blocks"});
    EXPECT_THAT(outcome.err, HasSubstr("warning room 1 (session "));
    EXPECT_THAT(outcome.err, HasSubstr("what to do: receive requests of that length into a sink"));
    EXPECT_THAT(outcome.err, Not(StartsWith("{")));
    EXPECT_EQ(run_command({"demo", "--log-format", "xml"}).status, 2);
}

}  // namespace
}  // namespace remit::tools::test
