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
        machine = Machine(c);
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
