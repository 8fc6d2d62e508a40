// `remit top`: the table, the socket behind it, and both ends of a running command.

#include <gmock/gmock.h>

#include <remit/error.hpp>

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "run_command.hpp"
#include "running_command.hpp"
#include "tools/observe/snapshot_json.hpp"
#include "tools/observe/status_socket.hpp"
#include "tools/observe/unix_socket.hpp"
#include "tools/top/table.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

WorkerSnapshot language_worker() {
    WorkerSnapshot worker{.worker = "language", .endpoint = "tcp://10.0.0.6:5", .device = "mlx5_0", .uptime = milliseconds(83'000),
                          .pool_blocks = 256, .free_blocks = 200, .quarantined_blocks = 6, .unfinished = 2, .waiting = 1,
                          .rooms = {}, .sessions = {}};
    worker.rooms.push_back({.room = kMaxRoomId, .status = Status::Transferring, .age = milliseconds(12'340), .session = 17,
                            .peer = "10.0.0.5:7700", .total_tokens = 2000, .tokens = 1024, .rounds = 1, .blocks = 8,
                            .waits_for = "memory: 0 of 256 blocks"});
    worker.rooms.push_back({.room = 2, .age = milliseconds(7), .waits_for = "REGISTERED"});
    worker.sessions.push_back({.session = 17, .peer = "10.0.0.5:7700", .state = "up", .generations = 1, .rooms = 2,
                               .silent = milliseconds(400)});
    return worker;
}

TEST(TopTable, ShowsWorkersSessionsAndRooms) {
    EXPECT_EQ(status_text({language_worker()}, 20, 0),
              "language worker at tcp://10.0.0.6:5 on mlx5_0, up 1 m 23 s\n"
              "  pool 256 blocks: 50 used, 200 free, 6 quarantined; 2 rooms under way, 1 wait for memory\n"
              "  SESSION  PEER           STATE  GENERATIONS  ROOMS  SILENT\n"
              "  17       10.0.0.5:7700  up     1            2      400 ms\n"
              "  ROOM                 AGE     STATUS         TOKENS     ROUNDS  BLOCKS  PEER           SESSION  WAITS FOR\n"
              "  9223372036854775807  12.3 s  Transferring   1024/2000  1       8       10.0.0.5:7700  17       memory: 0 of "
              "256 blocks\n"
              "  2                    7 ms    Bootstrapping  0/?        0       0       -              -        REGISTERED\n");
}

TEST(TopTable, OfManyRoomsShowsTheOldestAndHowManyMore) {
    WorkerSnapshot worker = language_worker();
    worker.unfinished = 40'000;
    const std::string text = status_text({worker}, 1, 0);
    EXPECT_THAT(text, HasSubstr("9223372036854775807"));
    EXPECT_THAT(text, Not(HasSubstr("REGISTERED")));
    EXPECT_THAT(text, HasSubstr("… and 39999 more that are younger\n"));
}

TEST(TopTable, FitsTheTerminalAndLeavesItsCursorAlone) {
    WorkerSnapshot worker = language_worker();
    worker.rooms[0].waits_for = "a\033[2Jb\nc";
    EXPECT_THAT(status_text({worker}, 20, 0), AllOf(HasSubstr("a?[2Jb?c"), Not(HasSubstr("\033"))));
    std::istringstream lines(status_text({worker}, 20, 60));
    int line_number = 0;
    for (std::string line; std::getline(lines, line);) {
        if (++line_number > 2) {
            EXPECT_LE(line.size(), 60U) << line;
        }
    }
}

TEST(TopTable, DurationsAreAsLongAsTheyAre) {
    EXPECT_EQ(duration_text(milliseconds(0)), "0 ms");
    EXPECT_EQ(duration_text(milliseconds(999)), "999 ms");
    EXPECT_EQ(duration_text(milliseconds(59'999)), "59.9 s");
    EXPECT_EQ(duration_text(milliseconds(60'000)), "1 m 00 s");
    EXPECT_EQ(duration_text(milliseconds(3'600'000 * 3 + 60'000 * 20)), "3 h 20 m");
}

TEST(StatusJson, IsReadBack) {
    const WorkerSnapshot worker = language_worker();
    nlohmann::ordered_json json;
    json["workers"] = {to_json(worker)};
    const auto read = snapshots_from_json(json.dump());
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(status_text(read, 20, 0), status_text({worker}, 20, 0));
    EXPECT_EQ(json["workers"][0]["rooms"][0]["room"], "9223372036854775807");
}

TEST(StatusJson, WhatIsNoneIsRefused) {
    for (const char* wrong : {"", "[]", "{}", "{\"workers\": 1}", "{\"workers\": [{}]}", "{\"workers\": [{\"worker\": 7}]}"}) {
        EXPECT_THROW(static_cast<void>(snapshots_from_json(wrong)), Error) << wrong;
    }
}

class StatusSockets : public testing::Test {
protected:
    [[nodiscard]] std::string path(const char* name = "a.sock") const { return (folder / name).string(); }
    TemporaryFolder folder;
};

std::vector<WorkerSnapshot> one_worker() { return {language_worker()}; }

TEST_F(StatusSockets, TellTheirOwnerAndNobodyElse) {
    const StatusSocket socket(path(), one_worker);
    struct stat made {};
    ASSERT_EQ(lstat(path().c_str(), &made), 0);
    EXPECT_TRUE(S_ISSOCK(made.st_mode));
    EXPECT_EQ(made.st_mode & 0777, 0600U);
    EXPECT_EQ(status_text(read_status(path()), 20, 0), status_text(one_worker(), 20, 0));
    EXPECT_EQ(read_status(path()).size(), 1U) << "again and again";
}

TEST_F(StatusSockets, GoWithTheirWorker) {
    { const StatusSocket socket(path(), one_worker); }
    EXPECT_FALSE(fs::exists(path()));
    EXPECT_FALSE(fs::exists(path() + ".new"));
    EXPECT_THROW(static_cast<void>(read_status(path())), Error);
}

TEST_F(StatusSockets, OfTheDeadAreReplaced) {
    {
        // Bound, never listened at, left behind.
        const auto address = unix_address(path());
        const Descriptor dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address), 0);
    }
    EXPECT_EQ(who_listens(path()), Listener::dead);
    const StatusSocket socket(path(), one_worker);
    EXPECT_EQ(read_status(path()).size(), 1U);
}

TEST_F(StatusSockets, OfTheLivingAndWhatIsNoneAreLeftAlone) {
    const StatusSocket first(path(), one_worker);
    EXPECT_THROW(StatusSocket(path(), one_worker), Error);
    EXPECT_EQ(read_status(path()).size(), 1U);
    std::ofstream(path("file")) << "precious";
    EXPECT_THROW(StatusSocket(path("file"), one_worker), Error);
    EXPECT_EQ(read_text(path("file")), "precious");
    EXPECT_THROW(StatusSocket(path(std::string(200, 'x').c_str()), one_worker), Error);
    EXPECT_THROW(StatusSocket(path("no/such/folder"), one_worker), Error);
}

TEST_F(StatusSockets, PassOnWhyAWorkerCannotSay) {
    const StatusSocket socket(path(), []() -> std::vector<WorkerSnapshot> { throw std::runtime_error("it is stuck"); });
    try {
        static_cast<void>(read_status(path()));
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "it is stuck");
    }
}

TEST_F(StatusSockets, DoNotWaitForThoseWhoDoNotRead) {
    const StatusSocket socket(path(), one_worker);
    const auto address = unix_address(path());
    const Descriptor silent(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(connect(silent.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address), 0);
    EXPECT_EQ(read_status(path(), std::chrono::seconds(60)).size(), 1U);
}

class StatusFolder : public testing::Test {
protected:
    void SetUp() override { setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1); }
    void TearDown() override { unsetenv("XDG_RUNTIME_DIR"); }
    TemporaryFolder folder;
};

TEST_F(StatusFolder, IsOfThisUserAlone) {
    const std::string made = status_folder();
    EXPECT_EQ(made, folder.path().string() + "/remit");
    struct stat found {};
    ASSERT_EQ(lstat(made.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0700U);
    EXPECT_EQ(new_status_path("embed"), made + "/embed-" + std::to_string(getpid()) + ".sock");
    chmod(made.c_str(), 0755);
    EXPECT_THROW(static_cast<void>(status_folder()), Error) << "others may look into it";
}

TEST_F(StatusFolder, ListsTheLivingAndClearsAwayTheDead) {
    const std::string dead_path = status_folder() + "/embed-1.sock";
    {
        const auto address = unix_address(dead_path);
        const Descriptor dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address), 0);
    }
    const StatusSocket socket(new_status_path("language"), one_worker);
    EXPECT_THAT(live_status_sockets(), ElementsAre(socket.path()));
    EXPECT_FALSE(fs::exists(dead_path));
}

TEST_F(StatusFolder, WithoutAWorkerTopSaysWhatToDo) {
    const Outcome outcome = run_command({"top", "--once"});
    EXPECT_EQ(outcome.status, 3);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("remit top: no worker"), HasSubstr("remit embed")));
}

TEST(Top, ShowsTheWorkersOfARunningCommand) {
    const TemporaryFolder folder;
    const std::string socket = (folder / "demo.sock").string();
    RunningCommand demo({"demo", "--fabric", "loopback", "--hidden", "64", "--tokens", "300", "--allocate", "128", "--requests",
                         "1000000", "--status-socket", socket, "--metrics", "127.0.0.1:0"});
    ASSERT_THAT(demo.line_after("metrics at "), StartsWith("http://")) << demo.said();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    nlohmann::json workers;
    bool seen = false;
    while (!seen && std::chrono::steady_clock::now() < deadline) {
        const Outcome outcome = run_command({"top", "--once", "--json", socket});
        ASSERT_EQ(outcome.status, 0) << outcome.err;
        workers = outcome.json()["workers"];
        ASSERT_EQ(workers.size(), 2U);
        // A session is there before it is up.
        seen = !workers[0]["rooms"].empty() && !workers[1]["rooms"].empty() && !workers[1]["sessions"].empty() &&
               workers[1]["sessions"][0]["state"] == "up";
    }
    EXPECT_TRUE(seen) << workers;
    EXPECT_EQ(workers[0]["worker"], "embedding");
    EXPECT_EQ(workers[1]["worker"], "language");
    const Outcome text = run_command({"top", "--once", socket});
    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.out, AllOf(HasSubstr("embedding worker at tcp://"), HasSubstr("language worker at tcp://")));
    EXPECT_THAT(text.out, Not(HasSubstr("\033")));
    demo.signal(SIGINT);
    demo.signal(SIGTERM);
    EXPECT_EQ(demo.end(), 1) << demo.said();
    EXPECT_FALSE(fs::exists(socket));
    EXPECT_EQ(run_command({"top", "--once", socket}).status, 3);
}

}  // namespace
}  // namespace remit::tools::test
