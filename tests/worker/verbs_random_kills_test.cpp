// Workers are killed or stopped at any point of a room's life, again and again: the one that stays says so each time,
// gets its memory back, and serves whoever comes next.

#include "scene.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <random>
#include <thread>

namespace remit::worker::test {
namespace {

constexpr Content kEndless{1, 60'000, 1};
constexpr Content kNext{2, 1'000, 2};
constexpr std::uint32_t kBlocks = 2;
constexpr int kTimes = 3;

/// From before REGISTER to the middle of the transfer.
void wait_a_random_while(std::mt19937& random) {
    const auto most = scaled(60).count() * 1000;
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<long>(0, most)(random)));
}

void kill_at_random(Process& victim, std::mt19937& random) {
    EXPECT_EQ(victim.line().hear(), "begins");
    wait_a_random_while(random);
    victim.signal(SIGKILL);
    victim.expect_killed();
}

TEST(VerbsRandomKills, LanguageWorkersThatDieLeaveTheEmbeddingWorkerWell) {
    std::mt19937 random(4711);
    Process embedding([](Line& line) {
        EmbeddingWorkerOptions options = Scene::quick_embedding();
        options.timing.park_deadline = options.timing.round_deadline = options.timing.resume_deadline = scaled(1500);
        EmbeddingWorker worker(options, narrow_layout(), 256);
        line.tell(worker.endpoint());
        for (int i = 0; i < kTimes; ++i) {
            const Outgoing doomed(worker, kEndless, From::contiguous);
            doomed.expect_failed("");
            line.tell("failed");
        }
        const Outgoing next(worker, kNext);
        next.expect_success();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = embedding.line().hear();
    for (int i = 0; i < kTimes; ++i) {
        Process victim([&](Line& line) {
            LanguageWorker worker(Scene::quick_language(), narrow_layout(), kBlocks);
            line.tell("begins");
            const Incoming incoming(worker, endpoint, kEndless.room, Into::sink);
            static_cast<void>(line.hear());  // it is killed here
        });
        kill_at_random(victim, random);
        EXPECT_EQ(embedding.line().hear(60'000), "failed");
    }
    Process last([&](Line& line) {
        LanguageWorker worker(Scene::quick_language(), narrow_layout(), kBlocks);
        const Incoming incoming(worker, endpoint, kNext.room, Into::sink);
        incoming.expect_success(kNext);
        line.tell("received");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(last.line().hear(60'000), "received");
    EXPECT_EQ(embedding.line().hear(60'000), "sent");
    last.line().tell("end");
    embedding.line().tell("end");
    last.expect_success();
    embedding.expect_success();
}

TEST(VerbsRandomKills, EmbeddingWorkersThatDieLeaveTheLanguageWorkerWell) {
    std::mt19937 random(815);
    Process language([](Line& line) {
        LanguageWorker worker(Scene::quick_language(), narrow_layout(), kBlocks);
        for (int i = 0; i < kTimes; ++i) {
            ReceiveOptions options;
            options.deadline = scaled(3000);
            const std::string endpoint = line.hear();
            const Incoming doomed(worker, endpoint, kEndless.room, Into::sink, options);
            line.tell("asked");
            doomed.expect_failed("");
            expect_whole(worker);
            line.tell("failed");
        }
        const Incoming next(worker, line.hear(), kNext.room, Into::sink);
        next.expect_success(kNext);
        line.tell("received");
        EXPECT_EQ(line.hear(), "end");
    });
    for (int i = 0; i < kTimes; ++i) {
        Process victim([](Line& line) {
            EmbeddingWorker worker(Scene::quick_embedding(), narrow_layout(), 256);
            const Outgoing endless(worker, kEndless, From::contiguous);
            line.tell(worker.endpoint());
            EXPECT_EQ(line.hear(), "asked");
            line.tell("begins");
            static_cast<void>(line.hear());  // it is killed here
        });
        language.line().tell(victim.line().hear());
        EXPECT_EQ(language.line().hear(), "asked");
        victim.line().tell("asked");
        kill_at_random(victim, random);
        EXPECT_EQ(language.line().hear(60'000), "failed");
    }
    Process last([](Line& line) {
        EmbeddingWorker worker(Scene::quick_embedding(), narrow_layout(), 256);
        const Outgoing outgoing(worker, kNext);
        line.tell(worker.endpoint());
        outgoing.expect_success();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    language.line().tell(last.line().hear());
    EXPECT_EQ(language.line().hear(60'000), "received");
    EXPECT_EQ(last.line().hear(60'000), "sent");
    language.line().tell("end");
    last.line().tell("end");
    language.expect_success();
    last.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
