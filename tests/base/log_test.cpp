// The log as a user's sink sees it.

#include "base/complaints.hpp"
#include "base/event_log.hpp"
#include "base/log.hpp"

#include <remit/log.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace remit::test {
namespace {

struct Kept {
    LogLevel level;
    std::string text;
    std::string event;
    std::optional<RoomId> room;
    std::optional<std::uint64_t> session;
    std::string peer;
    std::string cause;
    std::string remedy;
};

class LogSinks : public testing::Test {
protected:
    ~LogSinks() override { set_log_sink({}); }
    void listen(LogLevel least = LogLevel::warn) {
        set_log_sink(
            [this](const LogLine& line) {
                EXPECT_GT(line.time.time_since_epoch().count(), 0);
                lines.push_back({line.level, std::string(line.text), std::string(line.event), line.room, line.session,
                                 std::string(line.peer), std::string(line.cause), std::string(line.remedy)});
            },
            least);
    }
    std::vector<Kept> lines;
};

TEST_F(LogSinks, GetWhatIsLoggedFromTheirLevelOn) {
    listen(LogLevel::info);
    log().debug("not this");
    log().info("one {}", 1);
    log().error("two");
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].level, LogLevel::info);
    EXPECT_EQ(lines[0].text, "one 1");
    EXPECT_EQ(lines[0].event, "");
    EXPECT_FALSE(lines[0].room);
    EXPECT_EQ(lines[1].level, LogLevel::error);
}

TEST_F(LogSinks, GetTheFieldsOfTheLineAndOfNoOther) {
    listen();
    log_event(spdlog::level::warn, {.event = "failed", .room = 7, .session = 8, .cause = "memory", .remedy = "more"}, "{}");
    log().warn("plain");
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].text, "{}") << "no format string";
    EXPECT_EQ(lines[0].event, "failed");
    EXPECT_EQ(lines[0].room, 7U);
    EXPECT_EQ(lines[0].session, 8U);
    EXPECT_EQ(lines[0].cause, "memory");
    EXPECT_EQ(lines[0].remedy, "more");
    EXPECT_EQ(lines[1].event, "");
    EXPECT_FALSE(lines[1].room);
}

TEST_F(LogSinks, GetComplaintsWithKindAndPeer) {
    listen();
    Complaints complaints;
    complaints.warn("bad json", "10.0.0.9", "message dropped");
    complaints.warn("bad json", "10.0.0.9", "another");  // within the second: counted, not logged
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].event, "bad json");
    EXPECT_EQ(lines[0].peer, "10.0.0.9");
    EXPECT_EQ(lines[0].text, "message dropped");
}

TEST_F(LogSinks, ThatThrowHarmNobody) {
    set_log_sink([](const LogLine&) { throw std::runtime_error("full"); });
    EXPECT_NO_THROW(log_event(spdlog::level::warn, {.event = "failed", .room = 1}, "text"));
    EXPECT_FALSE(fields_being_logged().room);
}

TEST_F(LogSinks, AnEmptyOneIsWhatThereWasBefore) {
    listen(LogLevel::trace);
    set_log_sink({});
    EXPECT_EQ(log().level(), spdlog::level::warn);
    log().trace("to nobody");
    EXPECT_TRUE(lines.empty());
}

TEST(LogLevels, HaveNames) {
    EXPECT_EQ(to_string(LogLevel::trace), "trace");
    EXPECT_EQ(to_string(LogLevel::off), "off");
}

}  // namespace
}  // namespace remit::test
