// Control messages in bursts: a worker that sleeps wakes for each.

#include "pair.hpp"

#include <chrono>
#include <deque>
#include <random>

namespace remit::worker::test {
namespace {

using namespace std::chrono_literals;

/// Nothing is repeated and nobody pinged: a message that stays unread is never asked for again.
TimingOptions unrepeated() {
    TimingOptions timing;
    timing.repeat_first = timing.repeat_most = timing.ping_period = 600s;
    timing.peer_silence = 1200s;
    timing.room_deadline = timing.park_deadline = 600s;
    return timing;
}

TEST(Bursts, NoMessageStaysUnreadHoweverTheyMeet) {
    constexpr int kBursts = 300;
    PairOptions options;
    options.embedding.timing = options.language.timing = unrepeated();
    Pair pair(options);
    std::minstd_rand random(11);
    RoomId room = 0;
    for (int burst = 0; burst < kBursts; ++burst) {
        std::deque<Incoming> incoming;
        std::deque<Outgoing> outgoing;
        std::vector<Content> contents;
        for (auto count = 1 + random() % 6; count > 0; --count) contents.push_back({++room, 1 + random() % 300});
        for (const Content& content : contents) {
            const bool receive_first = random() % 2 == 0;
            if (!receive_first) outgoing.emplace_back(pair.embedding(), content);
            ReceiveOptions receive;
            receive.expected_tokens = random() % 2 == 0 ? content.tokens : content.tokens / 3;
            incoming.emplace_back(pair.language(), pair.endpoint(), content.room, Into::sink, receive);
            if (receive_first) outgoing.emplace_back(pair.embedding(), content);
        }
        for (std::size_t i = 0; i < contents.size(); ++i) {
            incoming[i].expect_success(contents[i]);
            outgoing[i].expect_success();
        }
        ASSERT_FALSE(testing::Test::HasFailure()) << "burst " << burst;
    }
}

}  // namespace
}  // namespace remit::worker::test
