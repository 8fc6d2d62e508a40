// A link that loses, doubles and reorders packets: every byte is right all the same.

#include "guest.hpp"
#include "processes.hpp"

#include <gtest/gtest.h>

namespace remit::worker::test {
namespace {

Transfer resumed() {
    Transfer transfer;
    transfer.contents = {{1, 2000}, {2, 3000}, {3, 700}};
    transfer.language_blocks = 12;
    return transfer;
}

TEST(VerbsLoss, OnePercentLostAndEveryByteIsRight) {
    const Disturbed link("loss 1%");
    const std::uint64_t before = disturbances();
    resumed().expect_success();
    EXPECT_GT(disturbances(), before) << "no packet was lost: this proved nothing";
}

TEST(VerbsLoss, OnePercentLostOnSeveralQueuePairs) {
    const Disturbed link("loss 1%");
    Transfer transfer = resumed();
    transfer.embedding.fabric.queue_pairs = 2;
    transfer.language.fabric.queue_pairs = 2;
    transfer.expect_success();
}

TEST(VerbsLoss, PacketsTwiceAndOutOfOrder) {
    const Disturbed link("delay 200us duplicate 2% reorder 5% 25%");
    Transfer transfer;
    transfer.contents = {{1, 1000}};
    transfer.expected = 512;
    transfer.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
