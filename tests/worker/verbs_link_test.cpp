// The link between two devices misbehaves: every byte is right, or the room says why it Failed, and once the link is
// well again so are the workers.

#include "guest.hpp"
#include "scene.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <thread>

namespace remit::worker::test {
namespace {

const std::vector<std::string> kTransport{"transport retry counter exceeded",
                                          "local QP operation error",
                                          "silent for",
                                          "Work Request Flushed Error",
                                          "port error",
                                          "lost"};

/// Small rooms and a long one over a link that loses so much that some of them may be lost: each ends, and none is
/// wrong. The long one makes the packets so many that the link cannot spare them all by chance: about eight for each
/// round of 256 tokens.
void expect_right_or_failed(const std::string& how, std::uint64_t tokens_of_the_long_one) {
    const std::vector<Content> contents{{1, 40}, {2, 200}, {3, 16}, {4, 90}, {5, 333}, {6, 1}, {7, 64}, {8, 250},
                                        {10, tokens_of_the_long_one}};
    const std::uint64_t before = disturbances();
    std::optional<Disturbed> link(std::in_place, how);
    Process sender([&](Line& line) {
        EmbeddingWorker worker(Scene::quick_embedding(), narrow_layout(), 256);
        line.tell(worker.endpoint());
        std::deque<Outgoing> rooms;
        for (const Content& content : contents) rooms.emplace_back(worker, content, From::contiguous);
        for (const Outgoing& room : rooms) {
            const Status status = room.send().wait_for(scaled(60'000));
            EXPECT_TRUE(is_final(status)) << "still waiting";
            EXPECT_TRUE(status == Status::Success || !room.send().reason().empty());
        }
        line.tell("ended");
        EXPECT_EQ(line.hear(), "well");
        const Outgoing next(worker, {9, 500});
        next.expect_success();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = sender.line().hear();
    Process receiver([&](Line& line) {
        LanguageWorker worker(Scene::quick_language(), narrow_layout(), 16);
        {
            std::deque<Incoming> rooms;
            for (const Content& content : contents) rooms.emplace_back(worker, endpoint, content.room, Into::sink);
            for (std::size_t i = 0; i < rooms.size(); ++i) {
                const Status status = rooms[i].reception().wait_for(scaled(60'000));
                EXPECT_TRUE(is_final(status)) << "still waiting";
                if (status == Status::Success) {
                    rooms[i].expect_content(contents[i]);
                } else {
                    EXPECT_FALSE(rooms[i].reception().reason().empty());
                }
            }
        }
        expect_whole(worker);
        line.tell("ended");
        EXPECT_EQ(line.hear(), "well");
        const Incoming next(worker, endpoint, 9, Into::sink);
        next.expect_success({9, 500});
        line.tell("received");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(receiver.line().hear(120'000), "ended");
    EXPECT_EQ(sender.line().hear(120'000), "ended");
    link.reset();
    EXPECT_GT(disturbances(), before) << "nothing was disturbed: this proved nothing";
    sender.line().tell("well");
    receiver.line().tell("well");
    EXPECT_EQ(receiver.line().hear(60'000), "received");
    EXPECT_EQ(sender.line().hear(60'000), "sent");
    receiver.line().tell("end");
    sender.line().tell("end");
    receiver.expect_success();
    sender.expect_success();
}

TEST(VerbsLink, FivePercentLostIsRightOrFailed) {
    expect_right_or_failed("loss 5%", 10'000);
}

TEST(VerbsLink, TwentyPercentLostIsRightOrFailed) {
    expect_right_or_failed("loss 20%", 1'000);
}

TEST(VerbsLink, CorruptedPacketsNeverBecomeData) {
    expect_right_or_failed("corrupt 2%", 32'000);
}

TEST(VerbsLink, EverythingAtOnceIsRightOrFailed) {
    expect_right_or_failed("delay 300us 200us loss 2% corrupt 1% duplicate 2% reorder 5% 25%", 4'000);
}

TEST(VerbsLink, DownAndUpAgain) {
    std::optional<LinkDown> down;
    Scene scene;
    scene.outside = [&] { down.emplace(); };
    scene.mend_outside = [&] { down.reset(); };
    scene.expect_failure(kTransport, kTransport);
}

TEST(VerbsLink, SilentForLongerThanTheRetries) {
    std::optional<Disturbed> silence;
    Scene scene;
    scene.embedding.fabric.timeout = 12;
    scene.embedding.fabric.retry_count = 3;
    scene.outside = [&] { silence.emplace("loss 100%"); };
    scene.mend_outside = [&] { silence.reset(); };
    scene.expect_failure(kTransport, kTransport);
}

/// Each retry takes two seconds at this time-out, and the link is silent for a fraction of one.
TEST(VerbsLink, SilentForLessThanTheRetriesIsNotNoticed) {
    Scene scene;
    scene.embedding.fabric.timeout = 19;
    scene.outside = [] {
        const Disturbed silence("loss 100%");
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    };
    scene.expect_survival();
}

}  // namespace
}  // namespace remit::worker::test
