// Peers that are killed or stopped in the middle of a transfer: the other side says so by its deadline, its memory
// comes back when nothing can write to it any more, and whoever comes next works.

#include "scene.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace remit::worker::test {
namespace {

// Long enough through two small blocks to be in the middle of for as long as a test needs, with little memory to touch.
constexpr std::uint64_t kEndless = 60'000;
constexpr std::uint32_t kBlocks = 2;

std::unique_ptr<EmbeddingWorker> make_embedding() {
    return std::make_unique<EmbeddingWorker>(Scene::quick_embedding(), narrow_layout(), 256);
}

std::unique_ptr<LanguageWorker> make_language() {
    return std::make_unique<LanguageWorker>(Scene::quick_language(), narrow_layout(), kBlocks);
}

void send_endlessly(Line& line) {
    const auto worker = make_embedding();
    line.tell(worker->endpoint());
    const Outgoing outgoing(*worker, {1, kEndless}, From::contiguous);
    static_cast<void>(line.hear());  // it is killed here
}

void send_one(Line& line) {
    const auto worker = make_embedding();
    line.tell(worker->endpoint());
    const Outgoing outgoing(*worker, {2, 1000});
    outgoing.expect_success();
    line.tell("sent");
    EXPECT_EQ(line.hear(), "end");
}

bool is_midway(const Incoming& incoming) {
    return comes_true([&] { return incoming.reception().rounds() >= 3 || is_final(incoming.reception().poll()); }) &&
           incoming.reception().poll() == Status::Transferring;
}

/// Both have what they wanted; only then may either go, since a receiver that goes early leaves its sender in doubt.
void expect_end(Process& receiver, Process& sender) {
    EXPECT_EQ(receiver.line().hear(), "done");
    EXPECT_EQ(sender.line().hear(), "sent");
    receiver.line().tell("end");
    sender.line().tell("end");
}

TEST(VerbsFaults, AnEmbeddingWorkerKilledMidwayFailsTheRoomAndTheNextOneWorks) {
    Process first(send_endlessly);
    const std::string endpoint = first.line().hear();
    Process language([&](Line& line) {
        const auto worker = make_language();
        const Incoming incoming(*worker, endpoint, 1, Into::sink);
        ASSERT_TRUE(is_midway(incoming)) << incoming.reception().reason();
        line.tell("midway");
        incoming.expect_failed("silent for");
        expect_whole(*worker);
        line.tell("failed");
        const Incoming next(*worker, line.hear(), 2, Into::sink);
        next.expect_success({2, 1000});
        line.tell("done");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(language.line().hear(), "midway");
    first.signal(SIGKILL);
    first.expect_killed();
    EXPECT_EQ(language.line().hear(), "failed");
    Process second(send_one);
    language.line().tell(second.line().hear());
    expect_end(language, second);
    second.expect_success();
    language.expect_success();
}

/// The room's own deadline passes long before the silence is noticed: Failed is told, the blocks are not given away.
TEST(VerbsFaults, BlocksOfADeadPeerStayInQuarantineUntilTheQueuePairIsGone) {
    const int before = queue_pairs_of(device_name(1));
    Process first(send_endlessly);
    const std::string endpoint = first.line().hear();
    Process language([&](Line& line) {
        auto options = Scene::quick_language();
        options.timing.peer_silence = scaled(1300);
        options.timing.abort_deadline = scaled(60'000);
        LanguageWorker worker(options, narrow_layout(), kBlocks);
        ReceiveOptions receive;
        receive.deadline = scaled(30'000);
        const Incoming incoming(worker, endpoint, 1, Into::sink, receive);
        ASSERT_TRUE(is_midway(incoming));
        line.tell("midway");
        EXPECT_EQ(line.hear(), "killed");
        incoming.reception().abort();
        incoming.expect_failed("aborted");
        EXPECT_LT(worker.free_blocks(), worker.pool_blocks()) << "a write could still land in a block that is free";
        line.tell("quarantined");
        EXPECT_EQ(line.hear(), "seen");
        expect_whole(worker);
        line.tell("whole");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(language.line().hear(), "midway");
    first.signal(SIGKILL);
    first.expect_killed();
    language.line().tell("killed");
    EXPECT_EQ(language.line().hear(), "quarantined");
    EXPECT_GT(queue_pairs_of(device_name(1)), before);
    language.line().tell("seen");
    EXPECT_EQ(language.line().hear(), "whole");
    EXPECT_EQ(queue_pairs_of(device_name(1)), before);
    language.line().tell("end");
    language.expect_success();
}

TEST(VerbsFaults, ALanguageWorkerKilledMidwayFailsTheSendAndTheNextOneWorks) {
    const int before = queue_pairs_of(device_name(0));
    Process embedding([&](Line& line) {
        const auto worker = make_embedding();
        line.tell(worker->endpoint());
        Outgoing outgoing(*worker, {1, kEndless}, From::contiguous);
        ASSERT_TRUE(is_final(outgoing.send().wait_for(scaled(20'000))));
        outgoing.expect_failed("");
        EXPECT_TRUE(outgoing.send().reason().find("silent for") != std::string::npos ||
                    outgoing.send().reason().find("transport retry counter exceeded") != std::string::npos)
            << outgoing.send().reason();
        line.tell("failed");
        EXPECT_EQ(line.hear(), "next");
        const Outgoing next(*worker, {1, 3000, 2});
        next.expect_success();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = embedding.line().hear();
    {
        Process victim([&](Line& line) {
            const auto worker = make_language();
            const Incoming incoming(*worker, endpoint, 1, Into::sink);
            ASSERT_TRUE(is_midway(incoming)) << incoming.reception().reason();
            line.tell("midway");
            static_cast<void>(line.hear());  // it is killed here
        });
        EXPECT_EQ(victim.line().hear(), "midway");
        victim.signal(SIGKILL);
        victim.expect_killed();
    }
    EXPECT_EQ(embedding.line().hear(), "failed");
    EXPECT_TRUE(comes_true([&] { return queue_pairs_of(device_name(0)) == before; }, 5'000));
    embedding.line().tell("next");
    Process successor([&](Line& line) {
        const auto worker = make_language();
        const Incoming incoming(*worker, endpoint, 1, Into::sink);
        incoming.expect_success({1, 3000, 2});
        line.tell("done");
        EXPECT_EQ(line.hear(), "end");
    });
    expect_end(successor, embedding);
    successor.expect_success();
    embedding.expect_success();
}

TEST(VerbsFaults, OneLanguageWorkerKilledLeavesTheOtherAlone) {
    Process embedding([&](Line& line) {
        const auto worker = make_embedding();
        line.tell(worker->endpoint());
        const Outgoing doomed(*worker, {1, kEndless}, From::contiguous);
        EXPECT_EQ(line.hear(), "killed");
        const Outgoing fine(*worker, {2, 3500});
        fine.expect_success();
        doomed.expect_failed("");
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = embedding.line().hear();
    Process victim([&](Line& line) {
        const auto worker = make_language();
        const Incoming incoming(*worker, endpoint, 1, Into::sink);
        ASSERT_TRUE(is_midway(incoming)) << incoming.reception().reason();
        line.tell("midway");
        static_cast<void>(line.hear());
    });
    Process survivor([&](Line& line) {
        const auto worker = make_language();
        const Incoming incoming(*worker, endpoint, 2, Into::sink);
        EXPECT_EQ(line.hear(), "killed");
        incoming.expect_success({2, 3500});
        line.tell("done");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(victim.line().hear(), "midway");
    victim.signal(SIGKILL);
    victim.expect_killed();
    embedding.line().tell("killed");
    survivor.line().tell("killed");
    expect_end(survivor, embedding);
    survivor.expect_success();
    embedding.expect_success();
}

TEST(VerbsFaults, ALanguageWorkerThatSleepsTooLongIsGivenUpAndWorksAgainWhenItWakes) {
    Process embedding([&](Line& line) {
        const auto worker = make_embedding();
        line.tell(worker->endpoint());
        const Outgoing outgoing(*worker, {1, kEndless}, From::contiguous);
        ASSERT_TRUE(is_final(outgoing.send().wait_for(scaled(20'000))));
        outgoing.expect_failed("");
        line.tell("failed");
        const Outgoing next(*worker, {2, 3000});
        next.expect_success();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = embedding.line().hear();
    Process sleeper([&](Line& line) {
        const auto worker = make_language();
        {
            const Incoming incoming(*worker, endpoint, 1, Into::sink);
            ASSERT_TRUE(is_midway(incoming)) << incoming.reception().reason();
            line.tell("midway");
            incoming.expect_failed("");
        }
        expect_whole(*worker);
        const Incoming next(*worker, endpoint, 2, Into::sink);
        next.expect_success({2, 3000});
        line.tell("done");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(sleeper.line().hear(), "midway");
    sleeper.signal(SIGSTOP);
    EXPECT_EQ(embedding.line().hear(), "failed");
    sleeper.signal(SIGCONT);
    expect_end(sleeper, embedding);
    sleeper.expect_success();
    embedding.expect_success();
}

TEST(VerbsFaults, AbortsByEitherSideMidwayGiveAllMemoryBack) {
    for (const bool by_receiver : {true, false}) {
        Process embedding([&](Line& line) {
            const auto worker = make_embedding();
            line.tell(worker->endpoint());
            const Outgoing outgoing(*worker, {1, kEndless}, From::contiguous);
            EXPECT_EQ(line.hear(), "midway");
            if (!by_receiver) outgoing.send().abort();
            outgoing.expect_failed("aborted by");
            const Outgoing next(*worker, {1, 900, 2});
            next.expect_success();
            line.tell("sent");
            EXPECT_EQ(line.hear(), "end");
        });
        const std::string endpoint = embedding.line().hear();
        Process language([&](Line& line) {
            const auto worker = make_language();
            {
                const Incoming incoming(*worker, endpoint, 1, Into::sink);
                ASSERT_TRUE(is_midway(incoming)) << incoming.reception().reason();
                line.tell("midway");
                if (by_receiver) incoming.reception().abort();
                incoming.expect_failed("aborted by");
            }
            expect_whole(*worker);
            const Incoming next(*worker, endpoint, 1, Into::sink);
            next.expect_success({1, 900, 2});
            line.tell("done");
            EXPECT_EQ(line.hear(), "end");
        });
        EXPECT_EQ(language.line().hear(), "midway");
        embedding.line().tell("midway");
        expect_end(language, embedding);
        language.expect_success();
        embedding.expect_success();
    }
}

}  // namespace
}  // namespace remit::worker::test
