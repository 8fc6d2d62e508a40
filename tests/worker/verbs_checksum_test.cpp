// End-to-end checksums over real queue pairs: a byte that changes behind the wire's own checks is found.

#include "meddling.hpp"
#include "scene.hpp"

#include <gtest/gtest.h>

namespace remit::worker::test {
namespace {

constexpr Content kSpoiled{1, 2000, 1};
constexpr Content kClean{2, 2000, 2};

/// One room whose first write carries a wrong byte, and one that does not.
void expect_found(bool checksum) {
    Process sender([&](Line& line) {
        auto options = Scene::quick_embedding();
        options.gather = Gather::always;  // what is spoiled is a send region, not the source
        EmbeddingWorker worker(options, narrow_layout(), 256);
        line.tell(worker.endpoint());
        meddling::writes_to_spoil = 1;
        {
            const Outgoing outgoing(worker, kSpoiled);
            EXPECT_TRUE(is_final(outgoing.send().wait_for(scaled(30'000))));
            EXPECT_EQ(meddling::writes_to_spoil, 0) << "nothing was spoiled";
        }
        line.tell("first");
        EXPECT_EQ(line.hear(), "next");
        const Outgoing next(worker, kClean);
        next.expect_success();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = sender.line().hear();
    Process receiver([&](Line& line) {
        auto options = Scene::quick_language();
        options.checksum = checksum;
        LanguageWorker worker(options, narrow_layout(), 16);
        {
            const Incoming incoming(worker, endpoint, kSpoiled.room, Into::sink);
            if (checksum) {
                incoming.expect_failed("checksum of embeddings differs");
            } else {
                EXPECT_EQ(incoming.reception().wait_for(scaled(30'000)), Status::Success);
            }
        }
        expect_whole(worker);
        line.tell("ended");
        EXPECT_EQ(line.hear(), "next");
        const Incoming next(worker, endpoint, kClean.room, Into::sink);
        next.expect_success(kClean);
        line.tell("received");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(receiver.line().hear(60'000), "ended");
    EXPECT_EQ(sender.line().hear(60'000), "first");
    sender.line().tell("next");
    receiver.line().tell("next");
    EXPECT_EQ(receiver.line().hear(60'000), "received");
    EXPECT_EQ(sender.line().hear(60'000), "sent");
    receiver.line().tell("end");
    sender.line().tell("end");
    receiver.expect_success();
    sender.expect_success();
}

TEST(VerbsChecksum, AByteThatIsSentWrongEndsFailedAndTheNextRoomWorks) {
    expect_found(true);
}

// So that the test above can be believed.
TEST(VerbsChecksum, WithoutItNobodyNotices) {
    expect_found(false);
}

TEST(VerbsChecksum, WhatIsRightPasses) {
    Transfer transfer;
    transfer.language.checksum = true;
    transfer.contents = {{1, 2000}, {2, 1}, {3, 9000}};
    transfer.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
