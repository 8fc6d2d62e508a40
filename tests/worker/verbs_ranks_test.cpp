// Two language workers of one room over real queue pairs: one is killed in the middle.

#include "growing.hpp"
#include "scene.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace remit::worker::test {
namespace {

constexpr Content kRoom{1, 40'000, 1};
// What is there when a rank is killed: no rank can have come to its end.
constexpr std::uint64_t kReady = 20'000;
constexpr std::uint32_t kBlocks = 2;

ReceiveOptions one_of_two() {
    ReceiveOptions options;
    options.required_dst_info_num = 2;
    return options;
}

bool is_midway(const Incoming& incoming) {
    return comes_true([&] { return incoming.reception().rounds() >= 3 || is_final(incoming.reception().poll()); }) &&
           incoming.reception().poll() == Status::Transferring;
}

void expect_when_one_is_killed(OnDeadRank setting) {
    const bool go_on = setting == OnDeadRank::go_on;
    Process embedding([&](Line& line) {
        auto options = Scene::quick_embedding();
        options.on_dead_rank = setting;
        EmbeddingWorker worker(options, narrow_layout(), 16);
        line.tell(worker.endpoint());
        Growing outgoing(worker, kRoom, kReady);
        EXPECT_EQ(line.hear(), "killed");
        if (go_on) {
            outgoing.grow(kRoom.tokens);
            outgoing.expect_success(60'000);
            EXPECT_EQ(outgoing.send().failed_ranks(), 1u);
        } else {
            outgoing.expect_failed("one of the room's 2 language workers failed", 60'000);
        }
        line.tell("ended");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = embedding.line().hear();
    const auto begin = [&](LanguageWorker& worker) {
        return Incoming(worker, endpoint, kRoom.room, Into::sink, one_of_two());
    };
    Process lives([&](Line& line) {
        LanguageWorker worker(Scene::quick_language(), narrow_layout(), kBlocks);
        const Incoming incoming = begin(worker);
        if (go_on) {
            incoming.expect_success(kRoom, 60'000);
        } else {
            incoming.expect_failed("one of the room's 2 language workers failed", 60'000);
        }
        line.tell("ended");
        EXPECT_EQ(line.hear(), "end");
        expect_whole(worker);
    });
    Process dies([&](Line& line) {
        LanguageWorker worker(Scene::quick_language(), narrow_layout(), kBlocks);
        const Incoming incoming = begin(worker);
        ASSERT_TRUE(is_midway(incoming)) << incoming.reception().reason();
        line.tell("midway");
        static_cast<void>(line.hear());  // it is killed here
    });
    EXPECT_EQ(dies.line().hear(), "midway");
    dies.signal(SIGKILL);
    dies.expect_killed();
    embedding.line().tell("killed");
    EXPECT_EQ(lives.line().hear(60'000), "ended");
    EXPECT_EQ(embedding.line().hear(60'000), "ended");
    lives.line().tell("end");
    embedding.line().tell("end");
    lives.expect_success();
    embedding.expect_success();
}

TEST(VerbsRanks, OneThatIsKilledMidwayFailsTheOtherWhereThatIsTheSetting) {
    expect_when_one_is_killed(OnDeadRank::fail);
}

TEST(VerbsRanks, OneThatIsKilledMidwayCostsTheOtherNothingWhereItGoesOn) {
    expect_when_one_is_killed(OnDeadRank::go_on);
}

}  // namespace
}  // namespace remit::worker::test
