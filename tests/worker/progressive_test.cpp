// Sends whose source becomes ready bit by bit: what is ready goes out, and nothing else.

#include "growing.hpp"
#include "pair.hpp"

#include <deque>
#include <random>

namespace remit::worker::test {
namespace {

void quicken(TimingOptions& timing) { timing.park_deadline = scaled(300); }

TEST(Progressive, EveryByteArrivesWhateverTheSteps) {
    for (const std::uint64_t step : {1u, 7u, 100u, 128u, 1000u}) {
        const std::uint64_t tokens = step == 1 ? 200 : 2000;
        for (const Into into : {Into::sink, Into::kept}) {
            for (const From from : {From::contiguous, From::blocks}) {
                Pair pair;
                const Content content{1, tokens, step};
                const Incoming incoming = pair.receive(1, tokens, into);
                Growing growing(pair.embedding(), content, 0, from);
                growing.grow_in_steps(step);
                incoming.expect_success(content);
                growing.expect_success();
                EXPECT_EQ(incoming.reception().rounds(), 1U) << "the receiver notices nothing";
            }
        }
    }
}

TEST(Progressive, RoundsAndReadinessNeedNotAgree) {
    PairOptions options;
    options.language_blocks = 4;
    Pair pair(options);
    const Content content{1, 3000};
    const Incoming incoming = pair.receive(1, 512);
    Growing growing(pair.embedding(), content, 13);
    growing.grow_in_steps(333);
    incoming.expect_success(content);
    growing.expect_success();
    EXPECT_GE(incoming.reception().rounds(), 6U);
}

TEST(Progressive, SeveralQueuePairsAndBlockSizes) {
    PairOptions options;
    options.embedding_layout = small_layout(80);
    options.language_layout = small_layout(112);
    options.embedding.fabric.queue_pairs = options.language.fabric.queue_pairs = 3;
    options.embedding.chunk_bytes = 4096;
    Pair pair(options);
    std::mt19937 random(5);
    for (RoomId room = 1; room <= 8; ++room) {
        const Content content{room, 1500, room};
        const Incoming incoming = pair.receive(room, 700);
        Growing growing(pair.embedding(), content, random() % 400, room % 2 == 0 ? From::blocks : From::contiguous);
        growing.grow_in_steps(1 + random() % 500);
        incoming.expect_success(content);
        growing.expect_success();
    }
}

TEST(Progressive, WhatIsReadyArrivesBeforeTheRestIs) {
    PairOptions options;
    options.language_blocks = 4;
    Pair pair(options);
    const Content content{1, 1024};
    const Incoming incoming = pair.receive(1, 512);
    Growing growing(pair.embedding(), content, 0);
    growing.grow_and_see(600);
    EXPECT_TRUE(comes_true([&] { return incoming.reception().rounds() == 1; }));
    EXPECT_EQ(growing.send().rounds(), 1U);
    growing.grow(1024);
    incoming.expect_success(content);
    growing.expect_success();
}

TEST(Progressive, EveryRankGetsItsCopy) {
    PairOptions options;
    Pair pair(options);
    LanguageWorker second(pair.options().language, small_layout(), 16);
    ReceiveOptions receive;
    receive.required_dst_info_num = 2;
    receive.expected_tokens = 1000;
    const Content content{3, 1000};
    const Incoming one(pair.language(), pair.endpoint(), 3, Into::sink, receive);
    receive.expected_tokens = 128;
    const Incoming two(second, pair.endpoint(), 3, Into::kept, receive);
    Growing growing(pair.embedding(), content, 5);
    growing.grow_in_steps(111);
    one.expect_success(content);
    two.expect_success(content);
    growing.expect_success();
}

TEST(Progressive, AWatermarkThatNeverComesFailsBothSidesWithTheReason) {
    PairOptions options;
    quicken(options.embedding.timing);
    Pair pair(options);
    const Incoming incoming = pair.receive(1, 1024);
    Growing growing(pair.embedding(), {1, 1000}, 0);
    growing.grow_and_see(300);
    growing.expect_failed("Send::ready(): 300 of 1000 tokens");
    incoming.expect_failed("Send::ready(): 300 of 1000 tokens");
    growing.send().ready(1000);  // too late, and harmless
    pair.expect_transfer({1, 500}, 128);
}

TEST(Progressive, AnAbortInTheMiddleOfEitherSideEndsIt) {
    Pair pair;
    {
        const Incoming incoming = pair.receive(1, 1024);
        Growing growing(pair.embedding(), {1, 1000}, 0);
        growing.grow_and_see(300);
        incoming.reception().abort();
        incoming.expect_failed("aborted");
        growing.expect_failed("aborted");
    }
    {
        const Incoming incoming = pair.receive(2, 1024);
        Growing growing(pair.embedding(), {2, 1000}, 0);
        growing.grow_and_see(300);
        growing.send().abort();
        incoming.expect_failed("aborted");
        growing.expect_failed("aborted");
    }
    pair.expect_transfer({1, 500}, 128);
}

TEST(Progressive, ManyAtOnce) {
    PairOptions options;
    options.language_blocks = 24;
    Pair pair(options);
    std::deque<Incoming> incoming;
    std::deque<Growing> growing;
    for (RoomId room = 0; room < 12; ++room) {
        incoming.emplace_back(pair.language(), pair.endpoint(), room, Into::sink);
        growing.emplace_back(pair.embedding(), Content{room, 700 + room, room}, room * 10);
    }
    for (std::uint64_t ready = 150; ready <= 700; ready += 50) {
        for (Growing& one : growing) one.grow(ready);
    }
    for (RoomId room = 0; room < 12; ++room) growing[room].grow(700 + room);
    for (RoomId room = 0; room < 12; ++room) {
        incoming[room].expect_success({room, 700 + room, room});
        growing[room].expect_success();
    }
}

TEST(Progressive, MoreThanThereIsAndLessThanWasSaidAreRefused) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    Growing growing(pair.embedding(), {1, 100}, 50);
    expect_error([&] { growing.send().ready(101); }, ErrorKind::bad_argument, {"101", "up to total_tokens, 100"});
    expect_error([&] { growing.send().ready(49); }, ErrorKind::misuse, {"49", "at least 50"});
    growing.send().ready(50);
    growing.grow(100);
    incoming.expect_success({1, 100});
    const BlockTable table = pair.embedding().pool().allocate(1);
    expect_error([&] { pair.embedding().send(2, table, 1, {}, {.ready_tokens = 2}); }, ErrorKind::bad_argument,
                 {"ready_tokens is 2", "1"});
    pair.embedding().pool().free(table);
}

}  // namespace
}  // namespace remit::worker::test
