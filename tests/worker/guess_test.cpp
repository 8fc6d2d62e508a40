// expected_tokens = kAutoTokens: a worker learns from what arrives, and any thread may read what it would ask for.

#include "pair.hpp"

#include <atomic>
#include <thread>

namespace remit::worker::test {
namespace {

ReceiveOptions automatic() {
    ReceiveOptions options;
    options.expected_tokens = kAutoTokens;
    return options;
}

TEST(AutoGuess, NeedsNoResumeOnceItHasSeenTheLengths) {
    PairOptions options;
    options.language.guess.first_tokens = 1;
    options.language.guess.free_share = 1;
    Pair pair(options);
    std::uint64_t resumes = 0;
    for (RoomId room = 1; room <= 20; ++room) {
        const std::uint64_t tokens = 1500 + room * 7;
        const Incoming incoming(pair.language(), pair.endpoint(), room, room % 2 == 0 ? Into::sink : Into::kept,
                                automatic());
        const Outgoing outgoing = pair.send({room, tokens});
        incoming.expect_success({room, tokens});
        outgoing.expect_success();
        if (room <= 8) {
            EXPECT_GT(incoming.reception().resumes(), 0u) << room;
        }
        if (room > 10) resumes += incoming.reception().resumes();
    }
    // Slowly growing lengths: the newest may be a little longer than nine tenths of those before.
    EXPECT_LE(resumes, 1u);
    EXPECT_GE(pair.language().guessed_tokens(), 1600u);
}

TEST(AutoGuess, IsReadByOtherThreadsWhileItLearns) {
    Pair pair;
    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> least{~0ULL};
    std::thread reader([&] {
        while (!done.load()) least = std::min(least.load(), pair.language().guessed_tokens());
    });
    for (RoomId room = 1; room <= 12; ++room) {
        const Incoming incoming(pair.language(), pair.endpoint(), room, Into::sink, automatic());
        const Outgoing outgoing = pair.send({room, 300});
        incoming.expect_success({room, 300});
        outgoing.expect_success();
    }
    done = true;
    reader.join();
    EXPECT_GE(least.load(), 300u);
    EXPECT_LE(pair.language().guessed_tokens(), 310u);
}

TEST(AutoGuess, SettingsOutOfRangeAreNamed) {
    const auto refused = [](auto&& change, const char* name) {
        LanguageWorkerOptions options;
        options.fabric.kind = FabricKind::loopback;
        change(options.guess);
        try {
            const LanguageWorker worker(options, small_layout(128), 8);
            ADD_FAILURE() << name << " was taken";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::bad_argument);
            EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
        }
    };
    refused([](GuessOptions& o) { o.share = 1; }, "guess.share is 1; permitted: 0.01 to 0.999");
    refused([](GuessOptions& o) { o.share = std::numeric_limits<double>::quiet_NaN(); }, "guess.share");
    refused([](GuessOptions& o) { o.history = 7; }, "guess.history");
    refused([](GuessOptions& o) { o.first_tokens = 0; }, "guess.first_tokens");
    refused([](GuessOptions& o) { o.least_tokens = 10, o.most_tokens = 9; },
            "guess.least_tokens is 10; permitted: 1 to 9");
    refused([](GuessOptions& o) { o.free_share = 0; }, "guess.free_share");
}

}  // namespace
}  // namespace remit::worker::test
