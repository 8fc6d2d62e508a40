// Many rooms at once: each arrives whole whatever the others do, and pools that hold few of them serve them all.

#include "pair.hpp"

#include <deque>
#include <random>
#include <thread>

namespace remit::worker::test {
namespace {

struct Load {
    const char* name;
    std::uint32_t pool_blocks;
    MemoryPolicy policy;
    bool overlap;
    bool size_first;
    std::uint32_t queue_pairs;
    std::uint32_t credits;
};

class ManyRooms : public testing::TestWithParam<Load> {};

TEST_P(ManyRooms, AllFinishWithEveryByteRight) {
    const Load& load = GetParam();
    PairOptions options;
    options.embedding_blocks = 64 * 24;
    options.language_blocks = load.pool_blocks;
    options.language.memory_policy = load.policy;
    options.language.overlap = load.overlap;
    options.language.limits.credits = load.credits;
    options.language.fabric.queue_pairs = load.queue_pairs;
    options.embedding.fabric.queue_pairs = load.queue_pairs;
    Pair pair(options);
    std::mt19937_64 random(load.pool_blocks);
    std::deque<Content> contents;
    for (RoomId room = 0; room < 64; ++room) contents.push_back({room * 977, 1 + random() % 3000, random()});
    std::deque<Incoming> incoming;
    std::deque<Outgoing> outgoing;
    for (std::size_t i = 0; i < contents.size(); ++i) {
        ReceiveOptions receive;
        receive.expected_tokens = load.size_first ? 0 : 1 + random() % 2000;
        if (i % 2 == 0) outgoing.emplace_back(pair.embedding(), contents[i]);
        incoming.emplace_back(pair.language(), pair.endpoint(), contents[i].room, Into::sink, receive);
    }
    for (std::size_t i = 1; i < contents.size(); i += 2) outgoing.emplace_back(pair.embedding(), contents[i]);
    for (std::size_t i = 0; i < contents.size(); ++i) incoming[i].expect_success(contents[i], 60'000);
    for (const Outgoing& one : outgoing) one.expect_success();
}

INSTANTIATE_TEST_SUITE_P(, ManyRooms,
                         testing::Values(Load{"LargePool", 4096, MemoryPolicy::shrink, true, false, 1, 1024},
                                         Load{"PoolOfAFewRooms", 40, MemoryPolicy::shrink, true, false, 1, 1024},
                                         Load{"PoolOfAFewBlocks", 3, MemoryPolicy::shrink, true, false, 1, 1024},
                                         Load{"WaitsForAll", 30, MemoryPolicy::wait, true, false, 1, 1024},
                                         Load{"Serial", 40, MemoryPolicy::shrink, false, false, 1, 1024},
                                         Load{"SizeFirst", 40, MemoryPolicy::shrink, true, true, 1, 1024},
                                         Load{"TwoQueuePairs", 200, MemoryPolicy::shrink, true, false, 2, 1024},
                                         Load{"FewCredits", 200, MemoryPolicy::shrink, true, false, 1, 3},
                                         Load{"FewCreditsTwoQueuePairs", 20, MemoryPolicy::shrink, true, false, 2, 4}),
                         [](const auto& test) { return test.param.name; });

TEST(ManyThreads, MayUseBothWorkersAtOnce) {
    PairOptions options;
    options.embedding_blocks = 400;
    options.language_blocks = 64;
    Pair pair(options);
    std::deque<std::thread> threads;
    for (std::uint64_t thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&pair, thread] {
            for (std::uint64_t i = 0; i < 25; ++i) {
                pair.expect_transfer({thread << 32 | i, 1 + (i * 389 + thread * 71) % 2500, i}, 512);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

TEST(ManyPeers, ALanguageWorkerReceivesFromSeveralEmbeddingWorkers) {
    Pair pair;
    std::deque<EmbeddingWorker> others;
    for (int i = 0; i < 3; ++i) others.emplace_back(pair.options().embedding, small_layout(), 32);
    std::deque<Incoming> incoming;
    std::deque<Outgoing> outgoing;
    std::deque<Content> contents;
    for (std::size_t i = 0; i < others.size(); ++i) {
        contents.push_back({5, 1500 + i, i});  // the same room at each of them is another room
        incoming.emplace_back(pair.language(), others[i].endpoint(), 5, Into::sink);
        outgoing.emplace_back(others[i], contents[i]);
    }
    for (std::size_t i = 0; i < others.size(); ++i) {
        incoming[i].expect_success(contents[i]);
        outgoing[i].expect_success();
    }
}

TEST(ManyPeers, AnEmbeddingWorkerSendsToSeveralLanguageWorkers) {
    Pair pair;
    std::deque<LanguageWorker> others;
    for (int i = 0; i < 3; ++i) others.emplace_back(pair.options().language, small_layout(), 8);
    std::deque<Incoming> incoming;
    std::deque<Outgoing> outgoing;
    for (RoomId room = 0; room < 12; ++room) {
        incoming.emplace_back(others[room % 3], pair.endpoint(), room, Into::sink);
        outgoing.emplace_back(pair.embedding(), Content{room, 1200});
        incoming.back().expect_success({room, 1200});
        outgoing.back().expect_success();
        outgoing.pop_back();
    }
    for (const LanguageWorker& other : others) expect_whole(other);
}

TEST(ManyPeers, TwoRanksThatShareARoomEachGetACopy) {
    Pair pair;
    LanguageWorker second(pair.options().language, small_layout(), 16);
    const Content content{77, 2000};
    ReceiveOptions options;
    options.required_dst_info_num = 2;
    const Incoming a(pair.language(), pair.endpoint(), 77, Into::sink, options);
    const Incoming b(second, pair.endpoint(), 77, Into::kept, options);
    const Outgoing outgoing = pair.send(content);
    a.expect_success(content);
    b.expect_success(content);
    outgoing.expect_success();
    b.reception().release();
    expect_whole(second);
}

TEST(ManyPeers, RanksThatDisagreeOnTheirNumberFailWithBothNumbers) {
    Pair pair;
    LanguageWorker second(pair.options().language, small_layout(), 16);
    ReceiveOptions options;
    options.required_dst_info_num = 2;
    const Incoming a(pair.language(), pair.endpoint(), 77, Into::sink, options);
    const Outgoing outgoing = pair.send({77, 300});
    ASSERT_TRUE(comes_true([&] { return a.reception().total_tokens() != 0; }));
    options.required_dst_info_num = 3;
    const Incoming b(second, pair.endpoint(), 77, Into::sink, options);
    b.expect_failed("required_dst_info_num is 3");
    // The send still waits for one that agrees.
    options.required_dst_info_num = 2;
    const Incoming c(second, pair.endpoint(), 77, Into::sink, options);
    a.expect_success({77, 300});
    c.expect_success({77, 300});
    outgoing.expect_success();
    expect_whole(second);
}

}  // namespace
}  // namespace remit::worker::test
