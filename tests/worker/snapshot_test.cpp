// How rooms and sessions stand, as a person asks for it while a worker works.

#include "pair.hpp"

#include <gmock/gmock.h>

#include <future>

namespace remit::worker::test {
namespace {

using ::testing::HasSubstr;
using std::chrono::milliseconds;

template <class Worker>
[[nodiscard]] WorkerSnapshot when(const Worker& worker, const std::function<bool(const WorkerSnapshot&)>& wanted) {
    WorkerSnapshot seen;
    EXPECT_TRUE(comes_true([&] { return wanted(seen = worker.snapshot()); }));
    return seen;
}

TEST(Snapshots, OfNothingHaveThePoolAndNoRooms) {
    Pair pair;
    const WorkerSnapshot language = pair.language().snapshot();
    EXPECT_EQ(language.worker, "language");
    EXPECT_EQ(language.endpoint, pair.language().endpoint());
    EXPECT_EQ(language.pool_blocks, 128U);
    EXPECT_EQ(language.free_blocks, 128U);
    EXPECT_EQ(language.unfinished, 0U);
    EXPECT_TRUE(language.rooms.empty());
    EXPECT_TRUE(language.sessions.empty());
    const WorkerSnapshot embedding = pair.embedding().snapshot();
    EXPECT_EQ(embedding.worker, "embedding");
    EXPECT_EQ(embedding.pool_blocks, 128U);
    EXPECT_TRUE(embedding.rooms.empty());
}

TEST(Snapshots, SayWhatARoomWaitsFor) {
    Pair pair;
    const Content content{7, 300};
    const Incoming incoming = pair.receive(7, 128);
    const WorkerSnapshot language = when(pair.language(), [](const auto& s) {
        return !s.rooms.empty() && s.rooms[0].waits_for.find("send() of room 7") != std::string::npos;
    });
    EXPECT_EQ(language.unfinished, 1U);
    EXPECT_EQ(language.rooms[0].room, 7U);
    EXPECT_EQ(language.rooms[0].status, Status::Bootstrapping);
    EXPECT_EQ(language.rooms[0].total_tokens, 0U);
    EXPECT_EQ(language.rooms[0].blocks, 1U);
    EXPECT_EQ("tcp://" + language.rooms[0].peer, pair.endpoint());
    EXPECT_EQ(language.free_blocks, 127U);
    ASSERT_EQ(language.sessions.size(), 1U);
    EXPECT_EQ(language.sessions[0].state, "up");
    EXPECT_EQ(language.sessions[0].generations, 1U);
    EXPECT_EQ(language.sessions[0].rooms, 1U);
    EXPECT_EQ(language.sessions[0].session, language.rooms[0].session);
    const WorkerSnapshot embedding = when(pair.embedding(), [](const auto& s) { return s.waiting == 1; });
    ASSERT_EQ(embedding.sessions.size(), 1U);
    EXPECT_EQ(embedding.sessions[0].session, language.sessions[0].session);
    EXPECT_EQ(embedding.sessions[0].state, "up");
    EXPECT_EQ(embedding.sessions[0].rooms, 1U);
    const Outgoing outgoing = pair.send(content);
    incoming.expect_success(content);
    EXPECT_TRUE(pair.language().snapshot().rooms.empty());
}

TEST(Snapshots, SayWhatASendWaitsForAndHowFarItIs) {
    Pair pair;
    const BlockTable table = pair.embedding().pool().allocate(300);
    const Send send = pair.embedding().send(9, table, 300, {}, {.ready_tokens = 0});
    WorkerSnapshot seen = when(pair.embedding(), [](const auto& s) { return s.unfinished == 1; });
    EXPECT_EQ(seen.rooms.at(0).room, 9U);
    EXPECT_EQ(seen.rooms[0].total_tokens, 300U);
    EXPECT_EQ(seen.rooms[0].waits_for, "a language worker to ask for it");
    EXPECT_EQ(seen.free_blocks, 125U);
    const Incoming incoming = pair.receive(9, 128);
    seen = when(pair.embedding(), [](const auto& s) { return s.rooms.at(0).session != 0; });
    EXPECT_EQ(seen.rooms[0].waits_for, "Send::ready(): 0 of 300 tokens may be read");
    send.ready(128);
    seen = when(pair.embedding(), [](const auto& s) {
        return s.rooms.at(0).tokens == 128 && s.rooms[0].waits_for == "Send::ready(): 128 of 300 tokens may be read";
    });
    EXPECT_EQ(seen.rooms[0].rounds, 1U);
    const WorkerSnapshot language = when(pair.language(), [](const auto& s) { return s.rooms.at(0).tokens == 128; });
    EXPECT_EQ(language.rooms[0].status, Status::Transferring);
    EXPECT_EQ(language.rooms[0].total_tokens, 300U);
    EXPECT_EQ(language.rooms[0].rounds, 1U);
    send.ready(300);
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Success) << send.reason();
    EXPECT_EQ(incoming.reception().wait_for(scaled(30'000)), Status::Success) << incoming.reception().reason();
    pair.embedding().pool().free(table);
}

TEST(Snapshots, OfManyRoomsAreTheOldest) {
    Pair pair;
    std::vector<std::unique_ptr<Incoming>> rooms;
    for (RoomId room = 1; room <= 50; ++room) {
        rooms.push_back(std::make_unique<Incoming>(pair.language(), pair.endpoint(), 100 - room, Into::sink));
    }
    const WorkerSnapshot seen = when(pair.language(), [](const auto& s) { return s.unfinished == 50; });
    EXPECT_EQ(seen.rooms.size(), 50U);
    const WorkerSnapshot few = pair.language().snapshot(3);
    EXPECT_EQ(few.unfinished, 50U);
    ASSERT_EQ(few.rooms.size(), 3U);
    for (RoomId i = 0; i < 3; ++i) EXPECT_EQ(few.rooms[i].room, 99 - i);
    EXPECT_GE(few.rooms[0].age, few.rooms[2].age);
}

TEST(Snapshots, AreNotToBeHadOfAWorkerThatHasEnded) {
    Pair pair;
    static_cast<void>(pair.language().stop());
    static_cast<void>(pair.embedding().stop());
    expect_error([&] { static_cast<void>(pair.language().snapshot()); }, ErrorKind::misuse, {"snapshot()", "ended"});
    expect_error([&] { static_cast<void>(pair.embedding().snapshot()); }, ErrorKind::misuse, {"snapshot()", "ended"});
}

/// A sink that blocks holds the worker up; who asks is told so, and does not wait for ever.
TEST(Snapshots, OfAThreadThatIsStuckAreAnError) {
    Pair pair;
    std::promise<void> entered;
    std::promise<void> leave;
    ReceiveOptions options;
    options.into = Sink([&](std::uint64_t) -> SinkTensors {
        entered.set_value();
        leave.get_future().wait();
        static_cast<void>(pair.language().snapshot());
        return {};
    });
    const Content content{1, 100};
    const Reception reception = pair.language().receive(1, pair.endpoint(), options);
    const Outgoing outgoing = pair.send(content);
    ASSERT_EQ(entered.get_future().wait_for(scaled(30'000)), std::future_status::ready);
    expect_error([&] { static_cast<void>(pair.language().snapshot(10, milliseconds(20))); }, ErrorKind::environment,
                 {"20 ms", "sink"});
    leave.set_value();
    EXPECT_EQ(reception.wait_for(scaled(30'000)), Status::Failed);
    EXPECT_THAT(reception.reason(), HasSubstr("snapshot() on the worker's own thread"));
}

}  // namespace
}  // namespace remit::worker::test
