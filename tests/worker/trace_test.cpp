// What a known transfer leaves in the traces of both workers.

#include "pair.hpp"

#include "../trace/checked_trace.hpp"

#include "trace/recorder.hpp"

#include <algorithm>

namespace remit::worker::test {
namespace {

using nlohmann::json;
using trace::test::CheckedTrace;
using trace::test::TraceName;

/// Two workers that keep traces, and what these are once the workers have ended.
class Traced : public testing::Test {
protected:
    PairOptions traced(PairOptions options = {}) {
        options.embedding.trace.file = embedding_name_.text();
        options.language.trace.file = language_name_.text();
        return options;
    }
    [[nodiscard]] CheckedTrace embedding() const { return CheckedTrace(embedding_name_.text()); }
    [[nodiscard]] CheckedTrace language() const { return CheckedTrace(language_name_.text()); }

    TraceName embedding_name_{"embedding"};
    TraceName language_name_{"language"};
};

/// First token and count of each round that the trace has of a room, in order.
std::vector<std::pair<std::uint64_t, std::uint64_t>> rounds_of(const CheckedTrace& trace, RoomId room) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> rounds;
    for (int number = 0;; ++number) {
        const auto found = trace.named("b", "room " + std::to_string(room) + " round " + std::to_string(number));
        const auto whole = std::find_if(found.begin(), found.end(), [](const json& r) { return !r["args"].contains("end"); });
        if (whole == found.end()) return rounds;  // others were given back
        rounds.emplace_back((*whole)["args"]["first token"], (*whole)["args"]["tokens"]);
    }
}

TEST_F(Traced, ATransferWithOneResumeHasItsRoundsOnBothSides) {
    std::uint64_t bytes = 0;
    PairOptions options;
    options.language.timing.repeat_first = options.language.timing.repeat_most = std::chrono::minutes(1);  // none twice
    {
        Pair pair(traced(options));
        const Content content{7, 2000};
        const Incoming incoming = pair.receive(7, 1024);
        const Outgoing outgoing = pair.send(content);
        incoming.expect_success(content);
        outgoing.expect_success();
        ASSERT_EQ(incoming.reception().rounds(), 2U);
        bytes = outgoing.send().bytes();
    }
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> rounds{{0, 1024}, {1024, 976}};
    const CheckedTrace sender = embedding();
    const CheckedTrace receiver = language();
    EXPECT_EQ(rounds_of(sender, 7), rounds);
    EXPECT_EQ(rounds_of(receiver, 7), rounds);
    for (const CheckedTrace* trace : {&sender, &receiver}) {
        const auto room = trace->named("b", "room 7");
        ASSERT_EQ(room.size(), 1U);
        EXPECT_EQ(room[0]["args"]["status"], "Success");
        EXPECT_EQ(room[0]["args"]["tokens"], 2000);
        EXPECT_EQ(trace->dropped(), 0U);
    }
    EXPECT_EQ(receiver.named("b", "copy out").size(), 2U);
    EXPECT_EQ(receiver.named("b", "on the wire").size(), 2U);
    EXPECT_EQ(receiver.named("i", "end of a round of room 7").size(), 2U) << "one queue pair, an immediate a round";
    EXPECT_EQ(sender.slices("INIT").size(), receiver.slices("INIT").size());
    ASSERT_EQ(receiver.slices("RESUME").size(), 1U);
    EXPECT_EQ(receiver.slices("RESUME")[0]["args"]["sent tokens"], 1024);
    EXPECT_EQ(receiver.slices("RESUME")[0]["args"]["direction"], "sent");
    std::uint64_t on_wire = 0;
    for (const json& slice : sender.slices("room 7 round")) {
        if (sender.row_name(slice).rfind("queue pair 0", 0) == 0) on_wire += slice["args"]["bytes"].get<std::uint64_t>();
    }
    EXPECT_GE(on_wire, bytes) << "every byte was in a chunk that was on a queue pair";
    EXPECT_EQ(sender.named("b", "session 1").size(), 1U);
    EXPECT_EQ(receiver.named("b", "registering").size(), 1U);
}

TEST_F(Traced, ManyRoomsWithSmallPoolsBalanceAndWaitForMemory) {
    constexpr RoomId kRooms = 12;
    PairOptions options;
    options.language_blocks = 4;
    {
        Pair pair(traced(options));
        std::vector<std::unique_ptr<Incoming>> incoming;
        std::vector<std::unique_ptr<Outgoing>> outgoing;
        for (RoomId room = 1; room <= kRooms; ++room) {
            ReceiveOptions receive;
            receive.expected_tokens = 128;
            incoming.push_back(std::make_unique<Incoming>(pair.language(), pair.endpoint(), room, Into::sink, receive));
            outgoing.push_back(std::make_unique<Outgoing>(pair.embedding(), Content{room, 1000}));
        }
        for (RoomId room = 1; room <= kRooms; ++room) {
            incoming[room - 1]->expect_success({room, 1000});
            outgoing[room - 1]->expect_success();
        }
    }
    const CheckedTrace receiver = language();
    const CheckedTrace sender = embedding();
    for (RoomId room = 1; room <= kRooms; ++room) {
        const std::string name = "room " + std::to_string(room);
        EXPECT_EQ(receiver.named("b", name).size(), 1U);
        EXPECT_EQ(sender.named("b", name).size(), 1U);
        std::uint64_t tokens = 0;
        for (const auto& [first, count] : rounds_of(receiver, room)) {
            EXPECT_EQ(first, tokens);
            tokens += count;
        }
        EXPECT_EQ(tokens, 1000U) << "all of it, in rounds that follow each other";
    }
    EXPECT_FALSE(receiver.named("b", "waiting for memory").empty());
}

TEST_F(Traced, ARoomThatFailedSaysWhy) {
    {
        Pair pair(traced());
        const Incoming incoming = pair.receive(3, 128);
        incoming.reception().abort("nobody wants it");
        incoming.expect_failed("nobody wants it");
    }
    const auto room = language().named("b", "room 3");
    ASSERT_EQ(room.size(), 1U);
    EXPECT_EQ(room[0]["args"]["status"], "Failed");
    EXPECT_NE(room[0]["args"]["reason"].get<std::string>().find("nobody wants it"), std::string::npos);
}

TEST_F(Traced, PingsAreAnsweredAndTellHowFarTheClocksAreApart) {
    PairOptions options;
    options.embedding.timing.ping_period = options.language.timing.ping_period = std::chrono::milliseconds(5);
    {
        Pair pair(traced(options));
        pair.expect_transfer({1, 300}, 128);
        // Until both have told it, in the part of the file that is written already.
        const auto told = [](const TraceName& name) {
            std::ostringstream text;
            text << std::ifstream(name.text()).rdbuf();
            return text.str().find("peer's clock ahead us") != std::string::npos;
        };
        ASSERT_TRUE(comes_true([&] { return told(embedding_name_) && told(language_name_); }));
    }
    const CheckedTrace sender = embedding();
    const CheckedTrace receiver = language();
    for (const CheckedTrace* trace : {&sender, &receiver}) {
        EXPECT_FALSE(trace->slices("PING").empty());
        EXPECT_EQ(trace->row_name(trace->slices("PING")[0]), "sessions: PING and PONG");
    }
}

TEST_F(Traced, TheFileIsCompleteWhenStopReturns) {
    Pair pair(traced());
    pair.expect_transfer({1, 300}, 128);
    pair.language().stop();
    pair.embedding().stop();
    EXPECT_EQ(language().named("b", "room 1").size(), 1U);
    EXPECT_EQ(embedding().named("b", "room 1").size(), 1U);
}

TEST_F(Traced, WithoutAFileNothingIsWritten) {
    {
        Pair pair;
        pair.expect_transfer({1, 300}, 128);
    }
    EXPECT_FALSE(std::filesystem::exists(embedding_name_.text()));
    EXPECT_FALSE(std::filesystem::exists(language_name_.text()));
}

TEST(TraceOptions, AreChecked) {
    PairOptions options;
    options.embedding.trace.records = 7;
    expect_error([&] { Pair pair(options); }, ErrorKind::bad_argument, {"trace.records is 7", "1024"});
    options.embedding.trace = {};
    options.language.trace.file = "/nonexistent/trace.json";
    expect_error([&] { Pair pair(options); }, ErrorKind::environment, {"/nonexistent/trace.json"});
}

}  // namespace
}  // namespace remit::worker::test
