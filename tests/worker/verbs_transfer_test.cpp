// Two processes, two devices: the scenarios, shapes and loads over real verbs, every byte compared.

#include "meddling.hpp"
#include "processes.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace remit::worker::test {
namespace {

struct Scenario {
    const char* name;
    std::uint64_t tokens;
    std::uint32_t pool_blocks;
    Into into;
    std::uint32_t rounds;
};

class VerbsScenarios : public testing::TestWithParam<Scenario> {};

TEST_P(VerbsScenarios, EveryByteArrivesInTheRightNumberOfRounds) {
    const Scenario& scenario = GetParam();
    Transfer transfer;
    transfer.contents = {{7, scenario.tokens}};
    transfer.language_blocks = scenario.pool_blocks;
    transfer.into = scenario.into;
    transfer.rounds = scenario.rounds;
    transfer.expect_success();
}

INSTANTIATE_TEST_SUITE_P(, VerbsScenarios,
                         testing::Values(Scenario{"FitsSink", 500, 256, Into::sink, 1},
                                         Scenario{"FitsKept", 500, 256, Into::kept, 1},
                                         Scenario{"OneResumeSink", 2000, 256, Into::sink, 2},
                                         Scenario{"OneResumeKept", 2000, 256, Into::kept, 2},
                                         Scenario{"LongSink", 10000, 256, Into::sink, 2},
                                         Scenario{"LongKept", 10000, 256, Into::kept, 2},
                                         Scenario{"LongIntoEightBlocks", 10000, 8, Into::sink, 10},
                                         Scenario{"LongIntoOneBlock", 3000, 1, Into::sink, 24}),
                         [](const auto& test) { return test.param.name; });

TEST(VerbsTransfer, BlockSizesMayDiffer) {
    Transfer transfer;
    transfer.embedding_layout = Transfer::verbs_layout(80);
    transfer.language_layout = Transfer::verbs_layout(112);
    transfer.contents = {{1, 5001}, {2, 1}, {3, 640}};
    transfer.expected = 640;
    transfer.expect_success();
    std::swap(transfer.embedding_layout, transfer.language_layout);
    transfer.into = Into::kept;
    transfer.expect_success();
}

TEST(VerbsTransfer, SlabsOnEitherSideAndDeepstack) {
    Layout::Shape shape = Transfer::verbs_layout().shape();
    shape.deepstack = 3;
    const Layout segments = Layout::multimodal(shape);
    shape.arrangement = Arrangement::slab;
    const Layout slab = Layout::multimodal(shape);
    Transfer transfer;
    transfer.contents = {{1, 1500}};
    for (const auto& [sender, receiver] :
         {std::pair(slab, slab), std::pair(slab, segments), std::pair(segments, slab)}) {
        transfer.embedding_layout = sender;
        transfer.language_layout = receiver;
        transfer.expect_success();
    }
}

TEST(VerbsTransfer, AContiguousSourceOfUnregisteredMemory) {
    Transfer transfer;
    transfer.contents = {{1, 5000}, {2, 77}};
    transfer.from = From::contiguous;
    transfer.embedding_blocks = 1;
    transfer.expect_success();
}

TEST(VerbsTransfer, ASourceThatBecomesReadyBitByBit) {
    Transfer transfer;
    transfer.embedding.fabric.queue_pairs = transfer.language.fabric.queue_pairs = 2;
    transfer.language_blocks = 8;
    transfer.contents = {{1, 3000}};
    for (const From from : {From::blocks, From::contiguous}) {
        transfer.from = from;
        for (const std::uint64_t step : {50u, 700u}) {
            transfer.step = step;
            transfer.expect_success();
        }
    }
}

TEST(VerbsTransfer, WhatIsSmallGoesWithTheRequestItself) {
    Transfer transfer;
    transfer.contents = {{1, 1}, {2, 5}};
    transfer.at_sender = [] { EXPECT_GE(meddling::inlined.load(), 4) << "aux and ids of both"; };
    transfer.expect_success();
}

TEST(VerbsTransfer, SizeFirst) {
    Transfer transfer;
    transfer.contents = {{1, 3000}};
    transfer.expected = 0;
    transfer.rounds = 1;
    transfer.expect_success();
}

TEST(VerbsTransfer, FortyRoomsThroughAPoolOfTwelveBlocks) {
    Transfer transfer;
    transfer.contents.clear();
    for (RoomId room = 0; room < 40; ++room) transfer.contents.push_back({room, 1 + room * 577 % 2300, room});
    transfer.language_blocks = 12;
    transfer.expect_success();
}

TEST(VerbsTransfer, SeveralRoomsSideBySideInAPoolThatHoldsThemAll) {
    Transfer transfer;
    transfer.contents.clear();
    for (RoomId room = 0; room < 16; ++room) transfer.contents.push_back({room, 1 + room * 577 % 2300, room});
    transfer.into = Into::kept;
    transfer.expect_success();
}

TEST(VerbsTransfer, SeveralQueuePairs) {
    Transfer transfer;
    transfer.contents = {{1, 6000}, {2, 100}, {3, 2500}};
    transfer.embedding.chunk_bytes = 256 << 10;
    for (const std::uint32_t count : {2u, 4u}) {
        transfer.embedding.fabric.queue_pairs = 4;
        transfer.language.fabric.queue_pairs = count;
        transfer.expect_success();
    }
}

TEST(VerbsTransfer, EveryWayToGather) {
    Transfer transfer;
    transfer.embedding_layout = Transfer::verbs_layout(80);
    transfer.contents = {{1, 2000}};
    for (const Gather gather : {Gather::automatic, Gather::always, Gather::never}) {
        transfer.embedding.gather = gather;
        transfer.expect_success();
    }
}

TEST(VerbsTransfer, TinyChunksTwoRegionsAndAShortQueue) {
    Transfer transfer;
    transfer.contents = {{1, 1500}};
    transfer.embedding.chunk_bytes = 4096;
    transfer.embedding.send_regions = 2;
    transfer.embedding.fabric.send_queue_depth = 4;
    transfer.embedding.gather = Gather::always;
    transfer.expect_success();
}

TEST(VerbsTransfer, SmallMtuOnOneSideAndStrictOrdering) {
    Transfer transfer;
    transfer.embedding.fabric.mtu = 512;
    transfer.embedding.fabric.relaxed_ordering = false;
    transfer.language.fabric.relaxed_ordering = false;
    transfer.contents = {{1, 800}};
    transfer.expect_success();
}

TEST(VerbsTransfer, BusyPolling) {
    Transfer transfer;
    transfer.contents = {{1, 800}};
    transfer.embedding.fabric.busy_poll = true;
    transfer.language.fabric.busy_poll = true;
    transfer.expect_success();
}

std::uint64_t bytes_sent(const std::string& netdev) {
    std::ifstream file("/sys/class/net/" + netdev + "/statistics/tx_bytes");
    std::uint64_t bytes = 0;
    file >> bytes;
    return bytes;
}

/// Not copied inside one device: what arrives shows in the counters of the network device between the two.
TEST(VerbsTransfer, TheDataCrossesTheNetworkDevice) {
    const std::string netdev = netdevs()[0];
    const std::uint64_t before = bytes_sent(netdev);
    Transfer transfer;
    transfer.contents = {{1, 8000}};
    transfer.expect_success();
    const std::uint64_t payload = transfer.language_layout.payload_bytes(8000);
    EXPECT_GE(bytes_sent(netdev) - before, payload);
    EXPECT_LE(bytes_sent(netdev) - before, 2 * payload);
}

TEST(VerbsTransfer, TwoRanksEachGetACopy) {
    const Content content{5, 2000};
    Process sender([&](Line& line) {
        EmbeddingWorker worker(verbs_embedding(), Transfer::verbs_layout(), 16);
        line.tell(worker.endpoint());
        const Outgoing outgoing(worker, content);
        outgoing.expect_success();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = sender.line().hear();
    const auto receive = [&](Line& line) {
        LanguageWorker worker(verbs_language(), Transfer::verbs_layout(), 16);
        ReceiveOptions options;
        options.required_dst_info_num = 2;
        {
            const Incoming incoming(worker, endpoint, 5, Into::sink, options);
            incoming.expect_success(content);
        }
        expect_whole(worker);
        line.tell("received");
        EXPECT_EQ(line.hear(), "end");
    };
    Process one(receive);
    Process two(receive);
    EXPECT_EQ(one.line().hear(), "received");
    EXPECT_EQ(two.line().hear(), "received");
    EXPECT_EQ(sender.line().hear(), "sent");
    for (Process* process : {&one, &two, &sender}) process->line().tell("end");
    one.expect_success();
    two.expect_success();
    sender.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
