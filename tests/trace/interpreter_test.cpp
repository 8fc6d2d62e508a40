// Records as a worker's thread notes them, and what they look like in the file.

#include "checked_trace.hpp"

#include "trace/interpreter.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace remit::trace {
namespace {

using test::CheckedTrace;
using test::TraceName;
using nlohmann::json;

constexpr Nanoseconds kMs = 1'000'000;
constexpr AttemptId kAttempt{7, 1, 3};

/// What a worker of that role that notes down `records` leaves.
CheckedTrace written(Role role, const std::vector<Record>& records) {
    const TraceName name("interpreter");
    EventFile file(name.text());
    Interpreter interpreter(file, {role, "tcp://127.0.0.1:1", {"dev0", "dev1"}});
    for (const Record& record : records) interpreter.take(record);
    interpreter.close();
    file.end(records.size(), 0);
    EXPECT_TRUE(file.flush());
    return CheckedTrace(name.text());
}

Message init(Nanoseconds time) {
    Message m;
    m.begin = time;
    m.end = time + 1;
    m.sent = true;
    m.type = MessageType::init;
    m.room = 42;
    m.of = kAttempt;
    m.tokens = 1024;
    return m;
}

RoomMoment room(Nanoseconds time, RoomStep step, std::uint32_t round = 0, std::uint64_t first = 0, std::uint64_t tokens = 0) {
    return {.time = time, .step = step, .copies = true, .round = round, .handle = 1, .room = 42, .first_token = first, .tokens = tokens};
}

RoundMoment arrival(Nanoseconds time, RoundStep step, std::uint32_t round) {
    return {.time = time, .step = step, .round = round, .of = kAttempt};
}

/// A request of 2000 tokens against 1024, its rounds overlapped.
std::vector<Record> overlapped_resume() {
    RoomEnd end{.time = 20 * kMs, .handle = 1, .status = Status::Success, .tokens = 2000};
    return {room(1 * kMs, RoomStep::begun),
            room(2 * kMs, RoomStep::init, 0, 0, 1024),
            init(2 * kMs),
            room(3 * kMs, RoomStep::met, 0, 0, 2000),
            room(4 * kMs, RoomStep::resume, 1, 1024, 976),
            arrival(9 * kMs, RoundStep::arrived, 0),
            arrival(9 * kMs, RoundStep::visible, 0),
            room(9 * kMs, RoomStep::round_complete, 0, 0, 1024),
            CopyOut{10 * kMs, 11 * kMs, 1, 0},
            room(11 * kMs, RoomStep::copied_out, 0, 0, 1024),
            arrival(17 * kMs, RoundStep::arrived, 1),
            arrival(17 * kMs, RoundStep::visible, 1),
            room(17 * kMs, RoomStep::round_complete, 1, 1024, 976),
            CopyOut{17 * kMs, 19 * kMs, 1, 1},
            room(19 * kMs, RoomStep::copied_out, 1, 1024, 976),
            end};
}

std::vector<std::string> phases_of(const CheckedTrace& trace) {
    std::vector<std::string> phases;
    for (const json& event : trace.events) {
        if (event["ph"] == "b" && event["cat"] == "room") phases.push_back(event["name"]);
    }
    return phases;
}

TEST(Interpreter, AnOverlappedResumeIsARoomWithPhasesAndTwoRoundsThatOverlap) {
    const CheckedTrace trace = written(Role::language, overlapped_resume());
    EXPECT_EQ(phases_of(trace), (std::vector<std::string>{"room 42", "waiting for the session", "waiting for the length",
                                                          "rounds on the wire", "moving out", "all there"}));
    const auto first = trace.named("b", "room 42 round 0");
    const auto second = trace.named("b", "room 42 round 1");
    ASSERT_EQ(first.size(), 1U);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(first[0]["args"]["tokens"], 1024);
    EXPECT_EQ(second[0]["args"]["first token"], 1024);
    EXPECT_EQ(second[0]["args"]["tokens"], 976);
    EXPECT_LT(CheckedTrace::begin(second[0]), trace.async_end(first[0]));
    EXPECT_EQ(trace.named("b", "on the wire").size(), 2U);
    EXPECT_EQ(trace.named("b", "copy out").size(), 2U);
    EXPECT_EQ(trace.named("b", "room 42")[0]["args"]["status"], "Success");
}

TEST(Interpreter, ARoomThatHasMovedOutAllItWasGivenWaitsForMemory) {
    const CheckedTrace trace =
        written(Role::language,
                {room(1, RoomStep::begun), room(2, RoomStep::init, 0, 0, 128), init(2), room(3, RoomStep::met, 0, 0, 200),
                 room(4, RoomStep::round_complete, 0, 0, 128), room(6, RoomStep::copied_out, 0, 0, 128),
                 room(9, RoomStep::resume, 1, 128, 72), room(11, RoomStep::round_complete, 1, 128, 72),
                 room(12, RoomStep::copied_out, 1, 128, 72), RoomEnd{.time = 13, .handle = 1, .status = Status::Success}});
    const auto waits = trace.named("b", "waiting for memory");
    ASSERT_EQ(waits.size(), 1U);
    EXPECT_NEAR(CheckedTrace::begin(waits[0]), 0.006, 1e-9);
    EXPECT_NEAR(trace.async_end(waits[0]), 0.009, 1e-9);
}

TEST(Interpreter, WhateverIsLeftOutWhatBeginsEnds) {
    const std::vector<Record> all = overlapped_resume();
    for (std::size_t gone = 0; gone < all.size(); ++gone) {
        std::vector<Record> rest = all;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(gone));
        SCOPED_TRACE(gone);
        static_cast<void>(written(Role::language, rest));  // checks itself
        rest.resize(gone);  // nor where the worker goes in the middle
        const CheckedTrace cut = written(Role::language, rest);
        if (gone == 0) continue;
        EXPECT_EQ(cut.named("b", "room 42")[0]["args"]["status"], "unfinished");
    }
}

TEST(Interpreter, ARoomGivenBackBeginsAnew) {
    std::vector<Record> records{room(1, RoomStep::begun), room(2, RoomStep::init, 0, 0, 1024), init(2),
                                room(5, RoomStep::given_back)};
    Message again = init(6);
    again.of.attempt = 4;
    records.insert(records.end(), {room(6, RoomStep::init, 0, 0, 0), again, room(7, RoomStep::met, 0, 0, 50),
                                   room(8, RoomStep::resume, 0, 0, 50)});
    RoundMoment late = arrival(9, RoundStep::arrived, 0);  // of the old attempt
    records.insert(records.end(), {late, RoomEnd{.time = 10, .handle = 1, .status = Status::Failed}});
    const CheckedTrace trace = written(Role::language, records);
    const auto rounds = trace.named("b", "room 42 round 0");
    ASSERT_EQ(rounds.size(), 2U);
    EXPECT_EQ(rounds[0]["args"]["end"], "given back");
    EXPECT_TRUE(trace.named("b", "on the wire").empty());
}

TEST(Interpreter, ChunksOnTheWireAtOnceGetRowsBelowEachOther) {
    std::vector<Record> records;
    for (std::uint32_t i = 0; i < 6; ++i) {
        Chunk chunk{.staged = 10 * i + 1, .gathered = 10 * i + 5, .posted = 10 * i + 6, .completed = 10 * i + 25, .of = kAttempt};
        chunk.number = i;
        chunk.lane = 1;
        chunk.rail = 1;
        chunk.region = static_cast<std::int32_t>(i % 4);
        chunk.success = true;
        chunk.bytes = 4096;
        records.emplace_back(chunk);
    }
    const CheckedTrace trace = written(Role::embedding, records);
    std::set<long> rows;
    int on_wire = 0;
    for (const json& slice : trace.slices("attempt 3 round 0 chunk")) {
        if (trace.row_name(slice).rfind("queue pair 1 on dev1", 0) != 0) continue;
        ++on_wire;
        rows.insert(slice["tid"].get<long>());
        EXPECT_EQ(slice["args"]["bytes"], 4096);
    }
    EXPECT_EQ(on_wire, 6);
    EXPECT_EQ(rows.size(), 2U);
    EXPECT_EQ(trace.slices("gather").size(), 6U);
}

TEST(Interpreter, AChunkThatWasDroppedOrSharedSaysSo) {
    Chunk dropped{.staged = 1, .gathered = 2, .completed = 3, .of = kAttempt};
    dropped.region = 0;
    dropped.bytes = 10;
    Chunk shared{.staged = 5, .gathered = 6, .posted = 7, .completed = 9, .of = kAttempt};
    shared.region = 1;
    shared.shared = shared.success = true;
    shared.bytes = 10;
    const CheckedTrace trace = written(Role::embedding, {dropped, shared});
    const auto slices = trace.slices("attempt 3 round 0 chunk 0");
    ASSERT_EQ(slices.size(), 3U) << "the dropped one was on no queue pair";
    EXPECT_EQ(slices[0]["args"]["end"], "dropped or failed");
    EXPECT_TRUE(slices[1]["args"].contains("gathered"));
    EXPECT_EQ(trace.slices("gather").size(), 1U);
}

TEST(Interpreter, BothEndsOfAMessageMatchAndDifferentOnesDoNot) {
    Message sent = init(5);
    Message received = sent;
    received.sent = false;
    received.begin = 9;
    Message other = init(7);
    other.of.attempt = 4;
    const CheckedTrace sender = written(Role::language, {sent, other});
    const CheckedTrace receiver = written(Role::embedding, {received});
    const std::string match = receiver.slices("INIT")[0]["args"]["match"];
    EXPECT_EQ(sender.slices("INIT")[0]["args"]["match"], match);
    EXPECT_NE(sender.slices("INIT")[1]["args"]["match"], match);
    // A PING of one side is none of the other's, whatever its number.
    Message ping;
    ping.type = MessageType::ping;
    ping.sent = true;
    EXPECT_NE(written(Role::language, {ping}).slices("PING")[0]["args"]["match"],
              written(Role::embedding, {ping}).slices("PING")[0]["args"]["match"]);
}

TEST(Interpreter, APongTellsHowFarThePeersClockIsAhead) {
    Message pong;
    pong.type = MessageType::pong;
    pong.begin = 3'000'000;
    pong.end = 3'001'000;
    pong.sequence = 5;
    pong.ping_ns = 1'000'000;
    pong.pong_ns = 7'000'000;  // half way it was 2'000'000 here
    const json args = written(Role::language, {pong}).slices("PONG")[0]["args"];
    EXPECT_NEAR(args["round trip us"].get<double>(), 2000, 1e-6);
    EXPECT_NEAR(args["peer's clock ahead us"].get<double>(), 5000, 1e-6);
    pong.ping_ns = ~0ULL;  // of a peer that makes it up
    EXPECT_FALSE(written(Role::language, {pong}).slices("PONG")[0]["args"].contains("round trip us"));
}

TEST(Interpreter, ASessionIsThereFromItsQueuePairsToTheirEnd) {
    const CheckedTrace trace = written(
        Role::language, {SessionMoment{10, SessionStep::created, {9, 1, 0}, 2}, SessionMoment{30, SessionStep::connected, {9, 1, 0}, 2},
                         SessionMoment{90, SessionStep::destroyed, {9, 1, 0}, 0}});
    const auto session = trace.named("b", "session 1");
    ASSERT_EQ(session.size(), 1U);
    EXPECT_EQ(session[0]["args"]["session"], "9");
    EXPECT_EQ(session[0]["args"]["queue pairs"], 2);
    EXPECT_NEAR(trace.async_end(session[0]), 0.09, 1e-9);
    EXPECT_NEAR(trace.async_end(trace.named("b", "registering")[0]), 0.03, 1e-9);
}

TEST(Interpreter, AReasonIsKeptAsFarAsThereIsRoomAndCannotBreakTheFile) {
    RoomEnd end{.time = 5, .handle = 1};
    end.set_reason("\"quoted\"\n\xff" + std::string(500, 'x'));
    const CheckedTrace trace = written(Role::language, {room(1, RoomStep::begun), end});
    const std::string reason = trace.named("b", "room 42")[0]["args"]["reason"];
    EXPECT_EQ(reason.substr(0, 9), "\"quoted\"\n");
    EXPECT_LT(reason.size(), 110U);
}

}  // namespace
}  // namespace remit::trace
