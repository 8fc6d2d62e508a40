// The sender's state machine: what it stores for peers is bounded, and whoever goes beyond is told which limit and how
// large.

#include "embedding_fixture.hpp"

namespace remit::protocol::embedding {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EmbeddingLimits : public EmbeddingMachine {
protected:
    void limit(const std::function<void(Config&)>& change) {
        Config c = config();
        c.attempt_window = 64;
        change(c);
        make_anew(c);
    }
    std::string failure_of(std::uint64_t attempt, const BlockTable& table, RoomId room) {
        init(attempt, table, 128 * table.size(), room);
        const auto status = only<StatusReport>(drain());
        return status.status == Status::Failed ? status.reason : "";
    }
};

TEST_F(EmbeddingLimits, ParkedRooms) {
    limit([](Config& c) { c.max_parked = 2; });
    register_peer();
    EXPECT_EQ(failure_of(1, blocks(0, 1), 1), "");
    EXPECT_EQ(failure_of(2, blocks(1, 1), 2), "");
    EXPECT_THAT(failure_of(3, blocks(2, 1), 3), AllOf(HasSubstr("limit of 2 "), HasSubstr("limits.parked")));
    // A send that meets its INIT makes a place.
    machine.on_send(kSend, 1, 100, now);
    drain();
    EXPECT_EQ(failure_of(4, blocks(3, 1), 4), "");
    EXPECT_EQ(machine.parked(), 2u);
}

TEST_F(EmbeddingLimits, BlocksThatParkedRoomsName) {
    limit([](Config& c) { c.max_parked_blocks = 10; });
    register_peer();
    EXPECT_EQ(failure_of(1, blocks(0, 6), 1), "");
    EXPECT_THAT(failure_of(2, blocks(6, 5), 2),
                AllOf(HasSubstr("limit of 10 blocks"), HasSubstr("limits.parked_blocks")));
    EXPECT_EQ(failure_of(3, blocks(6, 4), 3), "");
    EXPECT_EQ(machine.parked_blocks(), 10u);
    abort(1, AbortKind::abort, 1);
    abort(3, AbortKind::yield, 3);
    drain();
    EXPECT_EQ(machine.parked_blocks(), 0u);
    EXPECT_EQ(machine.parked(), 0u);
}

TEST_F(EmbeddingLimits, ParkedBlocksAreNotCountedOnceTheRoomIsOpenOrLate) {
    limit([](Config& c) { c.max_parked_blocks = 10; });
    register_peer();
    EXPECT_EQ(failure_of(1, blocks(0, 6), 1), "");
    machine.on_send(kSend, 1, 700, now);
    drain();
    EXPECT_EQ(machine.parked_blocks(), 0u);
    EXPECT_EQ(failure_of(2, blocks(6, 10), 2), "");
    now += std::chrono::milliseconds(TimingOptions{}.park_deadline);
    machine.on_message(Ping{{"10.0.0.2", 1005}, id(0), 1, 1}, now);  // alive
    machine.on_time(now);
    EXPECT_EQ(machine.parked_blocks(), 0u);
}

TEST_F(EmbeddingLimits, GenerationsOfASession) {
    limit([](Config& c) { c.max_generations = 2; });
    register_peer(kSession, 1);
    register_peer(kSession, 2);
    machine.on_message(register_message(kSession, 3), now);
    const auto actions = drain();
    EXPECT_THAT(all<BuildGeneration>(actions), IsEmpty());
    EXPECT_THAT(std::get<Registered::Refused>(only<Registered>(actions).answer).error,
                AllOf(HasSubstr("limit of 2 generations"), HasSubstr("limits.generations")));
    // One that ends makes a place for the next.
    machine.on_message(Close{{"10.0.0.2", 1005}, {kSession, 1, 0, kIncarnation}, "done"}, now);
    drain();
    machine.on_message(register_message(kSession, 3), now);
    EXPECT_THAT(all<BuildGeneration>(drain()), SizeIs(1));
}

TEST_F(EmbeddingLimits, APlaceAmongThePeersIsMadeByTheOneThatHasBeenSilentForLongest) {
    limit([](Config& c) { c.max_peers = 3; });
    const auto close = [&](std::uint64_t session) {
        now += std::chrono::milliseconds(1);
        machine.on_message(Close{register_message(session).from, {session, 1, 0, kIncarnation}, "done"}, now);
        drain();
    };
    for (const std::uint64_t session : {11, 12, 13}) register_peer(session);
    for (const std::uint64_t session : {12, 13, 11}) close(session);
    const auto remembers = [&](std::uint64_t session) {
        machine.on_message(register_message(session), now);  // its generation has been: only who forgot builds it anew
        return all<BuildGeneration>(drain()).empty();
    };
    register_peer(14);
    EXPECT_EQ(machine.sessions(), 3u);
    EXPECT_TRUE(remembers(11)) << "the lowest number, and heard last of all";
    EXPECT_TRUE(remembers(13));
    // Asking counts as being heard: now 11, which was asked first, is the one that has been silent for longest.
    now += std::chrono::milliseconds(1);
    EXPECT_TRUE(remembers(13));
    register_peer(15);
    EXPECT_TRUE(remembers(13));
    EXPECT_FALSE(remembers(11));
}

TEST_F(EmbeddingLimits, EndedAttemptsOfAllSessionsTogether) {
    limit([](Config& c) { c.max_attempts = 4; });
    constexpr std::uint64_t kOther = kSession + 1;
    register_peer();
    register_peer(kOther);
    machine.on_send(kSend, kRoom, 200, now);
    init(1, blocks(0, 1), 128);  // under way while all the others end
    for (std::uint64_t attempt = 2; attempt <= 10; ++attempt) {
        init(attempt, blocks(0, 1), 999, kRoom + attempt);
        init(attempt, blocks(0, 1), 999, kRoom + attempt, kOther);
        EXPECT_LE(machine.remembered_attempts(), 4u + 2);
    }
    drain();
    // Those that ended last are remembered, and what has not ended.
    init(10, blocks(0, 1), 999, kRoom + 10, kOther);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::Failed);
    init(1, blocks(0, 1), 128);
    EXPECT_EQ(only<StatusReport>(drain()).status, Status::WaitingForInput);
    // What is forgotten does not come back, and says so.
    machine.on_send(2, kRoom + 3, 128, now);
    for (const std::uint64_t session : {kSession, kOther}) {
        init(3, blocks(0, 1), 128, kRoom + 3, session);
        const auto actions = drain();
        EXPECT_THAT(all<StartRound>(actions), IsEmpty());
        EXPECT_FALSE(only<Aborted>(actions).rounds);
    }
    abort(4, AbortKind::abort, kRoom + 4);
    EXPECT_FALSE(only<Aborted>(drain()).rounds);
    init(11, blocks(1, 1), 128, kRoom + 3);
    EXPECT_THAT(all<StartRound>(drain()), SizeIs(1));
}

TEST_F(EmbeddingLimits, APeerThatMakesPlaceTakesItsEndedAttemptsAlong) {
    limit([](Config& c) { c.max_peers = 1; });
    register_peer();
    for (std::uint64_t attempt = 1; attempt <= 5; ++attempt) init(attempt, blocks(0, 1), 999, attempt);
    EXPECT_EQ(machine.remembered_attempts(), 5u);
    machine.on_message(Close{register_message().from, id(0), "done"}, now);
    register_peer(kSession + 1);
    EXPECT_EQ(machine.remembered_attempts(), 0u);
}

TEST_F(EmbeddingLimits, RejectionsEndWithTheirDeadline) {
    register_peer();
    for (RoomId room = 1; room <= 3; ++room) machine.on_reject(room, "no", now);
    const Time later = now + std::chrono::milliseconds(TimingOptions{}.park_deadline) / 2;
    machine.on_reject(3, "still no", later);  // answers for longer
    EXPECT_EQ(machine.rejections(), 3u);
    machine.on_time(now + std::chrono::milliseconds(TimingOptions{}.park_deadline));
    EXPECT_EQ(machine.rejections(), 1u);
    machine.on_time(later + std::chrono::milliseconds(TimingOptions{}.park_deadline));
    EXPECT_EQ(machine.rejections(), 0u);
}

}  // namespace
}  // namespace remit::protocol::embedding
