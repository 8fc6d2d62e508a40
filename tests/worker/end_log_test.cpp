// The last line of a room: what became of it, and what to do.

#include "pair.hpp"
#include "worker/end_log.hpp"

#include <remit/log.hpp>

#include <gmock/gmock.h>

#include <mutex>

namespace remit::worker::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using std::chrono::milliseconds;

struct Line {
    LogLevel level;
    std::string text;
    std::string event;
    std::optional<RoomId> room;
    std::optional<std::uint64_t> session;
    std::string cause;
};

/// What is logged while it lives; workers must be gone before it is asked.
class Lines {
public:
    explicit Lines(LogLevel least = LogLevel::warn) {
        set_log_sink(
            [this](const LogLine& line) {
                const std::lock_guard lock(mutex_);
                all_.push_back({line.level, std::string(line.text), std::string(line.event), line.room, line.session,
                                std::string(line.cause)});
            },
            least);
    }
    ~Lines() { set_log_sink({}); }
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

    [[nodiscard]] std::vector<Line> of(const std::string& event) const {
        const std::lock_guard lock(mutex_);
        std::vector<Line> found;
        for (const Line& line : all_) {
            if (line.event == event) found.push_back(line);
        }
        return found;
    }

private:
    mutable std::mutex mutex_;
    std::vector<Line> all_;
};

TEST(EndLog, SaysWhatToDoByTheCause) {
    const Lines lines;
    EndLog log("room");
    log.failed(7, 12, "waited 50 ms for memory: 0 of 2 blocks and 1024 credits are free", milliseconds(0));
    const auto said = lines.of("failed");
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].level, LogLevel::warn);
    EXPECT_EQ(said[0].room, 7U);
    EXPECT_EQ(said[0].session, 12U);
    EXPECT_EQ(said[0].cause, "memory");
    EXPECT_THAT(said[0].text, HasSubstr("room 7 (session 12) Failed: waited 50 ms for memory"));
    EXPECT_THAT(said[0].text, EndsWith("; what to do: " + std::string(failure_causes()[cause_of("no memory: ")].remedy)));
}

TEST(EndLog, AThousandOfOneCauseAreAFewLinesAndACount) {
    const Lines lines;
    EndLog log("room");
    for (RoomId room = 0; room < 1000; ++room) log.failed(room, 0, "embedding worker at a:1 silent for 5 ms", milliseconds(5));
    log.failed(1000, 0, "the dog ate it", milliseconds(5));
    EXPECT_EQ(lines.of("failed").size(), EndLog::kMostASecond + 1) << "another cause has lines of its own";
    log.failed(1001, 0, "embedding worker at a:1 silent for 5 ms", milliseconds(1005));
    EXPECT_THAT(lines.of("failed").back().text, EndsWith("(980 more of this cause not logged)"));
    log.failed(1002, 0, "embedding worker at a:1 silent for 5 ms", milliseconds(1006));
    EXPECT_THAT(lines.of("failed").back().text, ::testing::Not(HasSubstr("not logged")));
}

TEST(EndLog, SuccessIsForThoseWhoDebug) {
    EndLog log("send of room");
    {
        const Lines lines;
        log.succeeded(7, 12, 300, 2, milliseconds(3));
        EXPECT_TRUE(lines.of("succeeded").empty());
    }
    const Lines lines(LogLevel::debug);
    log.succeeded(7, 12, 300, 2, milliseconds(3));
    ASSERT_EQ(lines.of("succeeded").size(), 1U);
    EXPECT_EQ(lines.of("succeeded")[0].text, "send of room 7 (session 12) Success: 300 tokens in 2 rounds, 3000 us");
}

TEST(EndLog, BothWorkersSayIt) {
    const Lines lines(LogLevel::debug);
    {
        Pair pair;
        pair.expect_transfer({1, 300}, 128);
        const Incoming rejected = pair.receive(2, 128);
        pair.embedding().reject(2, "the picture is broken");
        rejected.expect_failed("the picture is broken");
    }
    const auto succeeded = lines.of("succeeded");
    ASSERT_EQ(succeeded.size(), 2U);
    for (const Line& line : succeeded) {
        EXPECT_EQ(line.room, 1U);
        EXPECT_TRUE(line.session) << line.text;
        EXPECT_THAT(line.text, HasSubstr("300 tokens in 2 rounds"));
    }
    const auto failed = lines.of("failed");
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].room, 2U);
    EXPECT_EQ(failed[0].session, succeeded[0].session);
    EXPECT_EQ(failed[0].cause, "other");
    EXPECT_EQ(lines.of("connected").size(), 2U);
    EXPECT_EQ(lines.of("connected")[0].session, succeeded[0].session);
    EXPECT_EQ(lines.of("destroyed").size(), 2U);
}

}  // namespace
}  // namespace remit::worker::test
