// The receiver's state machine: what it holds for its user is bounded, and a room beyond fails naming the limit.

#include "language_fixture.hpp"

namespace remit::protocol::language {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class LanguageLimits : public LanguageMachine {
protected:
    /// What a receive() from that port ends with at once; "" where it goes on.
    std::string refusal_of(Handle handle, std::uint16_t port) {
        Request request;
        request.room = handle;
        request.embedding = {"10.0.0.1", port};
        request.expected_tokens = 128;
        request.sink = true;
        machine->on_receive(handle, request, now);
        actions_ = drain();
        const auto ends = all<Final>(actions_);
        return ends.empty() ? "" : ends.front().reason;
    }
    std::vector<Action> actions_;
};

TEST_F(LanguageLimits, Peers) {
    Config c = config();
    c.max_peers = 2;
    begin(8, c);
    EXPECT_EQ(refusal_of(1, 7001), "");
    const std::uint64_t first = all<CreateGeneration>(actions_).at(0).key.session;
    EXPECT_EQ(refusal_of(2, 7002), "");
    EXPECT_THAT(refusal_of(3, 7003), AllOf(HasSubstr("limit of 2 peers"), HasSubstr("limits.peers")));
    EXPECT_EQ(refusal_of(4, 7002), "") << "a known peer needs no place";
    // One that nobody asks for any more makes a place, and its number is not used again.
    machine->on_create_failed({first, 1}, "gone", now);
    machine->on_destroyed({first, 1}, now);
    drain();
    EXPECT_EQ(refusal_of(5, 7003), "");
    EXPECT_GT(all<CreateGeneration>(actions_).at(0).key.session, first + 1);
    EXPECT_THAT(refusal_of(6, 7001), HasSubstr("limits.peers"));
}

TEST_F(LanguageLimits, APeerThatNeverAnswersKeepsNoPlaceWhenNobodyAsksForItAnyMore) {
    Config c = config();
    c.max_peers = 1;
    begin(8, c);
    EXPECT_EQ(refusal_of(1, 7001), "");
    const GenerationKey dead = all<CreateGeneration>(actions_).at(0).key;
    machine->on_created(dead, {QueuePairAddress{.number = 1}}, now);
    drain();
    now += c.timing.register_deadline;
    machine->on_time(now);
    const auto actions = drain();
    EXPECT_THAT(all<Final>(actions).at(0).reason, HasSubstr("REGISTERED"));
    // Its queue pairs go with that or soon after, and with them its place.
    auto destroyed = all<DestroyGeneration>(actions);
    for (int i = 0; i < 100 && destroyed.empty(); ++i) {
        ASSERT_LT(machine->next_deadline(), kNever) << "nothing would ever destroy its queue pairs";
        now = std::max(now, machine->next_deadline());
        machine->on_time(now);
        destroyed = all<DestroyGeneration>(drain());
    }
    ASSERT_EQ(destroyed.size(), 1u);
    EXPECT_EQ(destroyed[0].key, dead);
    machine->on_destroyed(dead, now);
    EXPECT_EQ(all<ForgetPeer>(drain()).size(), 1u);
    EXPECT_EQ(refusal_of(2, 7002), "");
}

TEST_F(LanguageLimits, AQuickAbortLeavesTheRegistrationToTheNextRoom) {
    EXPECT_EQ(refusal_of(1, 7001), "");
    const GenerationKey key = all<CreateGeneration>(actions_).at(0).key;
    machine->on_created(key, {QueuePairAddress{.number = 1}}, now);
    machine->on_abort(1, "enough", now);
    drain();
    now += std::chrono::seconds(1);
    machine->on_time(now);
    EXPECT_EQ(refusal_of(2, 7001), "");
    EXPECT_EQ(all<CreateGeneration>(actions_).size(), 0u);
    now += config().timing.repeat_most;
    machine->on_time(now);
    EXPECT_EQ(told<Register>(drain()).size(), 1u);
    machine->on_message(Registered{key.session, 1, kIncarnation,
                                   Registered::Accepted{{QueuePairAddress{.number = 2}}, {1 << 20}, capabilities}},
                        now);
    EXPECT_EQ(told<Init>(drain()).size(), 1u);
}

TEST_F(LanguageLimits, RoomsInQuarantine) {
    Config c = config();
    c.max_quarantine = 2;
    begin(8, c);
    start(1, 128);
    receive(2, 128, true, kRoom + 1);
    drain();
    machine->on_abort(1, "aborted", now);
    machine->on_abort(2, "aborted", now);
    drain();
    EXPECT_THAT(refusal_of(3, 7700),
                AllOf(HasSubstr("limit of 2 rooms in quarantine"), HasSubstr("limits.quarantine")));
    EXPECT_LT(allocator->free_blocks(), allocator->blocks()) << "nothing is freed to keep a limit";
    aborted(1, 0);
    EXPECT_EQ(refusal_of(4, 7700), "");
    EXPECT_LE(allocator->free_blocks(), allocator->blocks());
}

}  // namespace
}  // namespace remit::protocol::language
