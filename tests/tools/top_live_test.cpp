// `remit top` on a terminal: pictures that follow one another, the keys that end them, the terminal afterwards.

#include <gmock/gmock.h>

#include <remit/error.hpp>

#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "temporary_folder.hpp"
#include "terminal_command.hpp"
#include "tools/observe/status_socket.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using std::chrono::milliseconds;

constexpr char kControlC = 3;

bool has(const std::string& picture, const std::string& words) { return picture.find(words) != std::string::npos; }

/// A worker that has as many rooms, 101 the first of them, as the test says.
class LiveTop : public testing::Test {
protected:
    [[nodiscard]] std::vector<WorkerSnapshot> worker() const {
        WorkerSnapshot worker{.worker = "language", .endpoint = "tcp://10.0.0.6:5", .device = "mlx5_0", .uptime = milliseconds(1),
                              .pool_blocks = 16, .free_blocks = 16, .quarantined_blocks = 0, .unfinished = 0, .waiting = 0,
                              .rooms = {}, .sessions = {}};
        worker.unfinished = rooms_.load();
        for (RoomId room = 0; room < worker.unfinished; ++room) {
            worker.rooms.push_back({.room = 101 + room, .age = milliseconds(7), .peer = "10.0.0.5:7700",
                                    .waits_for = "a long story of what it waits for"});
        }
        return {worker};
    }
    void TearDown() override { unsetenv("XDG_RUNTIME_DIR"); }

    TemporaryFolder folder_;
    std::atomic<std::uint64_t> rooms_{0};
    const std::string path_ = (folder_ / "a.sock").string();
    StatusSocket socket_{path_, [this] { return worker(); }};
};

TEST_F(LiveTop, ARoomAppearsAndGoesAndControlCEndsIt) {
    TerminalCommand top({"top", path_}, 200);
    ASSERT_TRUE(top.shows([](const std::string& picture) { return has(picture, "0 rooms under way"); })) << top.said();
    EXPECT_THAT(top.pictures().back(), AllOf(HasSubstr("language worker at tcp://10.0.0.6:5"), Not(HasSubstr("ROOM"))));
    rooms_ = 1;
    ASSERT_TRUE(top.shows([](const std::string& picture) { return has(picture, "101 "); })) << top.said();
    EXPECT_THAT(top.pictures().back(), AllOf(HasSubstr("1 rooms under way"), HasSubstr("a long story of what it waits for")));
    EXPECT_GE(top.pictures().size(), 2U);
    rooms_ = 0;
    ASSERT_TRUE(top.shows([](const std::string& picture) { return !has(picture, "101 "); })) << top.said();
    EXPECT_FALSE(top.is_cooked());
    top.type(kControlC);
    EXPECT_EQ(top.end(), 0) << top.said();
    EXPECT_TRUE(top.is_cooked());
}

TEST_F(LiveTop, TheKeyQEndsItAndNoOther) {
    TerminalCommand top({"top", path_}, 200);
    ASSERT_TRUE(top.shows([](const std::string& picture) { return has(picture, "0 rooms under way"); })) << top.said();
    top.type('Z');
    rooms_ = 2;
    ASSERT_TRUE(top.shows([](const std::string& picture) { return has(picture, "102 "); })) << "Z ended it: " << top.said();
    top.type('q');
    EXPECT_EQ(top.end(), 0) << top.said();
    EXPECT_TRUE(top.is_cooked());
    EXPECT_THAT(top.said(), Not(HasSubstr("Z"))) << "keys are not shown";
}

TEST_F(LiveTop, FollowsTheTerminalsWidth) {
    rooms_ = 1;
    TerminalCommand top({"top", path_}, 200);
    ASSERT_TRUE(top.shows([](const std::string& picture) { return has(picture, "what it waits for"); })) << top.said();
    top.resize(60);
    ASSERT_TRUE(top.shows([](const std::string& picture) { return has(picture, "101 ") && !has(picture, "what it waits for"); }))
        << top.said();
    top.type('q');
    EXPECT_EQ(top.end(), 0);
}

TEST_F(LiveTop, OneThatCannotSayHowItIsHidesNoOther) {
    setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1);
    const StatusSocket good(status_folder() + "/embed-1.sock", [this] { return worker(); });
    const StatusSocket stuck(status_folder() + "/embed-2.sock",
                             []() -> std::vector<WorkerSnapshot> { throw std::runtime_error("it is stuck"); });
    TerminalCommand top({"top"}, 200);
    EXPECT_TRUE(top.shows([](const std::string& picture) { return has(picture, "language worker") && has(picture, "it is stuck"); }))
        << top.said();
    top.type('q');
    EXPECT_EQ(top.end(), 0);
}

TEST_F(LiveTop, EndsWithItsWorkerAndSaysSo) {
    auto gone = std::make_unique<StatusSocket>((folder_ / "b.sock").string(), [this] { return worker(); });
    TerminalCommand top({"top", gone->path()}, 200);
    ASSERT_TRUE(top.shows([](const std::string& picture) { return has(picture, "0 rooms under way"); })) << top.said();
    gone.reset();
    EXPECT_EQ(top.end(), 3);
    EXPECT_THAT(top.said(), HasSubstr("b.sock"));
    EXPECT_TRUE(top.is_cooked());
}

}  // namespace
}  // namespace remit::tools::test
