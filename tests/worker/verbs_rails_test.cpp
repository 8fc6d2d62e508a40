// Two device pairs between two processes: bytes verified, and the interfaces' own counters say that both carried data.
// Needs a lane with two rails; without them it says so and fails where it was asked for them.

#include "growing.hpp"
#include "guest.hpp"
#include "processes.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace remit::worker::test {
namespace {

/// Devices of the lane: a0 b0 a1 b1 …
std::string device_of(std::size_t side, std::size_t rail) {
    return words_of("REMIT_RDMA_DEVICES").at(2 * rail + side);
}
std::string netdev_of(std::size_t side, std::size_t rail) {
    return words_of("REMIT_RDMA_NETDEVS").at(2 * rail + side);
}

std::uint64_t sent_bytes(std::size_t rail) {
    std::uint64_t bytes = 0;
    std::ifstream("/sys/class/net/" + netdev_of(0, rail) + "/statistics/tx_bytes") >> bytes;
    return bytes;
}

class VerbsRails : public testing::Test {
protected:
    void SetUp() override {
        if (words_of("REMIT_RDMA_DEVICES").size() < 4) GTEST_SKIP() << "one rail: run with `scripts/soft_roce.sh --rails 2`";
        transfer.embedding.fabric.device = device_of(0, 0) + "," + device_of(0, 1);
        transfer.language.fabric.device = device_of(1, 0) + "," + device_of(1, 1);
        transfer.embedding.chunk_bytes = 256 << 10;
    }
    Transfer transfer;
};

TEST_F(VerbsRails, BothCarryAboutHalfOfTheData) {
    transfer.contents = {{1, 20000}};
    transfer.language_blocks = 64;
    const std::uint64_t payload = transfer.embedding_layout.payload_bytes(20000);
    const std::uint64_t before[] = {sent_bytes(0), sent_bytes(1)};
    transfer.expect_success();
    for (std::size_t rail = 0; rail < 2; ++rail) {
        const std::uint64_t carried = sent_bytes(rail) - before[rail];
        EXPECT_GT(carried, payload / 3) << "rail " << rail;
        EXPECT_LT(carried, payload * 3 / 4) << "rail " << rail;
    }
}

TEST_F(VerbsRails, WithSeveralQueuePairsOnEachAndResumesAndASourceThatGrows) {
    transfer.embedding.fabric.queue_pairs = 3;
    transfer.language.fabric.queue_pairs = 2;
    transfer.language_blocks = 8;
    transfer.contents = {{1, 6000}, {2, 100}, {3, 1}};
    transfer.expect_success();
    transfer.step = 900;
    transfer.expect_success();
}

TEST_F(VerbsRails, ASideWithOneUsesOne) {
    transfer.language.fabric.device = device_of(1, 0);
    transfer.contents = {{1, 4000}};
    transfer.expect_success();
}

TEST_F(VerbsRails, ARailThatFailsFailsTheRoomsAndIsNamed) {
    Process sender([&](Line& line) {
        auto options = transfer.embedding;
        options.fabric.timeout = 10;
        options.fabric.retry_count = 2;
        EmbeddingWorker worker(options, Transfer::verbs_layout(), 256);
        line.tell(worker.endpoint());
        // All of it cannot be over before the rail fails.
        Growing growing(worker, {1, 20000}, 5000);
        EXPECT_EQ(line.hear(), "go on");
        growing.grow(20000);
        growing.expect_failed(device_of(0, 1), 60'000);
        line.tell("ended");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = sender.line().hear();
    Process receiver([&](Line& line) {
        LanguageWorker worker(transfer.language, Transfer::verbs_layout(), 8);
        const Incoming incoming(worker, endpoint, 1, Into::sink);
        EXPECT_TRUE(comes_true([&] { return incoming.reception().rounds() >= 1; }));
        line.tell("midway");
        EXPECT_EQ(incoming.reception().wait_for(scaled(60'000)), Status::Failed);
        EXPECT_NE(incoming.reception().reason(), "");
        line.tell("ended");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(receiver.line().hear(), "midway");
    run_command("ip link set " + netdev_of(0, 1) + " down");
    sender.line().tell("go on");
    EXPECT_EQ(receiver.line().hear(60'000), "ended");
    EXPECT_EQ(sender.line().hear(60'000), "ended");
    run_command("ip link set " + netdev_of(0, 1) + " up");
    receiver.line().tell("end");
    sender.line().tell("end");
    receiver.expect_success();
    sender.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
