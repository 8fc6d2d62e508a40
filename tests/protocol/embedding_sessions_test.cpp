// The sender's state machine: who may register, and whose messages are heard.

#include "embedding_fixture.hpp"

namespace remit::protocol::embedding {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EmbeddingSessions : public EmbeddingMachine {
protected:
    std::string refusal_of(const Register& message) {
        machine.on_message(message, now);
        const auto actions = drain();
        EXPECT_THAT(all<BuildGeneration>(actions), IsEmpty());
        const auto answers = told<Registered>(actions);
        if (answers.size() != 1) return "";
        const auto* refused = std::get_if<Registered::Refused>(&answers[0].answer);
        return refused == nullptr ? "" : refused->error;
    }

    static bool is_lost(const Registered& answer) { return std::holds_alternative<Registered::Lost>(answer.answer); }
};

TEST_F(EmbeddingSessions, ARepeatedRegisterGetsTheSameAnswerAndBuildsOnce) {
    machine.on_message(register_message(), now);
    EXPECT_THAT(all<BuildGeneration>(drain()), SizeIs(1));
    machine.on_message(register_message(), now);  // not built yet: the answer will come
    EXPECT_THAT(drain(), IsEmpty());
    machine.on_built({kSession, 1}, {QueuePairAddress{.number = 2}}, now);
    const auto first = only<Registered>(drain());
    machine.on_message(register_message(), now);
    const auto second = only<Registered>(drain());
    const auto& accepted = std::get<Registered::Accepted>(second.answer);
    EXPECT_EQ(accepted.queue_pairs, std::get<Registered::Accepted>(first.answer).queue_pairs);
    EXPECT_EQ(second.incarnation, kIncarnation);
}

TEST_F(EmbeddingSessions, AnOldGenerationDoesNotComeBack) {
    register_peer(kSession, 3);
    machine.on_message(register_message(kSession, 2), now);
    auto actions = drain();
    EXPECT_TRUE(is_lost(only<Registered>(actions)));
    EXPECT_THAT(all<BuildGeneration>(actions), IsEmpty());
}

TEST_F(EmbeddingSessions, BelongsToTheKeyThatRegisteredIt) {
    Register mine = register_message();
    mine.from.key = "mine";
    machine.on_message(mine, now);
    machine.on_built({kSession, 1}, {QueuePairAddress{.number = 2}}, now);
    drain();
    // Whoever learned the session's number has still another key.
    Register theirs = register_message(kSession, 2);
    theirs.from.key = "theirs";
    EXPECT_THAT(refusal_of(theirs), HasSubstr("another peer's"));
    machine.on_message(Abort{kRoom, theirs.from, id(1), AbortKind::abort}, now);
    auto answers = all<Tell>(drain());
    ASSERT_THAT(answers, SizeIs(1));
    EXPECT_EQ(answers[0].to, theirs.from);
    EXPECT_TRUE(is_lost(std::get<Registered>(answers[0].message)));
    machine.on_message(Close{theirs.from, {kSession, 1, 0, kIncarnation}, "x"}, now);
    EXPECT_THAT(all<DestroyGeneration>(drain()), IsEmpty());
    machine.on_message(Init{kRoom, mine.from, id(1), blocks(0, 1), 1, 128}, now);
    answers = all<Tell>(drain());
    ASSERT_THAT(answers, SizeIs(1));
    EXPECT_EQ(answers[0].to, mine.from);
    EXPECT_EQ(std::get<StatusReport>(answers[0].message).status, Status::Bootstrapping);
}

TEST_F(EmbeddingSessions, AnotherVersionIsRefusedNamingBoth) {
    const PeerAddress peer{"10.0.0.9", 7};
    machine.on_message(ForeignRegister{peer, {4, 2, 0, 0}, "remit/2"}, now);
    const auto actions = drain();
    const auto tells = all<Tell>(actions);
    ASSERT_THAT(tells, SizeIs(1));
    EXPECT_EQ(tells[0].to, peer);
    const auto answer = only<Registered>(actions);
    EXPECT_EQ(answer.session, 4u);
    EXPECT_EQ(answer.generation, 2u);
    EXPECT_THAT(std::get<Registered::Refused>(answer.answer).error,
                testing::AllOf(HasSubstr("\"remit/2\""), HasSubstr("remit/1")));
    EXPECT_THAT(all<ForgetPeer>(actions), SizeIs(1));  // a stranger costs no connection
    EXPECT_EQ(machine.sessions(), 0u);
    machine.on_message(ForeignRegister{peer, {}, ""}, now);
    EXPECT_THAT(std::get<Registered::Refused>(only<Registered>(drain()).answer).error, HasSubstr("no version"));
}

TEST_F(EmbeddingSessions, DifferencesAreRefusedNamingFieldAndBothValues) {
    Register m = register_message();
    m.layout.hidden = 8;
    EXPECT_THAT(refusal_of(m), testing::AllOf(HasSubstr("hidden"), HasSubstr("8"), HasSubstr("4")));
    m = register_message();
    m.layout.dtype = DType::fp32;
    EXPECT_THAT(refusal_of(m), testing::AllOf(HasSubstr("dtype"), HasSubstr("fp32"), HasSubstr("bf16")));
    m = register_message();
    m.layout.deepstack = 3;
    EXPECT_THAT(refusal_of(m), testing::AllOf(HasSubstr("deepstack"), HasSubstr("3"), HasSubstr("0")));
}

TEST_F(EmbeddingSessions, AnotherBlockSizeIsWelcome) {
    Register m = register_message();
    m.layout.block_size = 64;
    const Layout layout = Layout::multimodal(m.layout);
    m.pool = place_pool(layout, 16, 4096);
    m.pool.registrations = {{4096, pool_bytes(layout, 16), 9}};
    for (SegmentMap& segment : m.pool.segments) segment.registration = 0;
    machine.on_message(m, now);
    EXPECT_THAT(all<BuildGeneration>(drain()), SizeIs(1));
}

TEST_F(EmbeddingSessions, HostilePoolsAreRefused) {
    Register m = register_message();
    m.pool.registrations[0].length = 100;
    EXPECT_THAT(refusal_of(m), HasSubstr("registration"));
    m = register_message();
    m.pool.segments[0].base = ~std::uint64_t{0} - 10;
    EXPECT_THAT(refusal_of(m), HasSubstr("pool"));
    m = register_message();
    m.pool.segments[1].registration = 5;
    EXPECT_THAT(refusal_of(m), HasSubstr("names registration 5"));
    m = register_message();
    m.pool.blocks = 0;
    EXPECT_THAT(refusal_of(m), HasSubstr("0 blocks"));
}

TEST_F(EmbeddingSessions, APeerWithoutFencesIsRefused) {
    Register m = register_message();
    m.capabilities.clear();
    EXPECT_THAT(refusal_of(m), HasSubstr("fence"));
}

TEST_F(EmbeddingSessions, UnknownSessionIsLost) {
    init(1, blocks(0, 1), 128, kRoom, 99);
    const auto answer = only<Registered>(drain());
    EXPECT_TRUE(is_lost(answer));
    EXPECT_EQ(answer.session, 99u);
}

TEST_F(EmbeddingSessions, AMessageToAnotherIncarnationIsLost) {
    register_peer();
    Init m;
    m.room = kRoom;
    m.from = {"10.0.0.2", 1005};
    m.id = {kSession, 1, 1, kIncarnation - 1};
    machine.on_message(m, now);
    EXPECT_TRUE(is_lost(only<Registered>(drain())));
    machine.on_message(Ping{.from = m.from, .id = m.id}, now);
    EXPECT_TRUE(is_lost(only<Registered>(drain())));
    machine.on_message(Pong{.from = m.from, .id = m.id}, now);  // asks for nothing
    EXPECT_THAT(drain(), IsEmpty());
    EXPECT_EQ(machine.generations(), 1u);
}

TEST_F(EmbeddingSessions, CloseDestroysItsGenerationAndIsAnsweredAgain) {
    register_peer();
    Close m;
    m.from = {"10.0.0.2", 1005};
    m.id = id(0);
    m.reason = "ABORT unanswered";
    machine.on_message(m, now);
    auto actions = drain();
    EXPECT_THAT(all<DestroyGeneration>(actions), SizeIs(1));
    EXPECT_TRUE(is_lost(only<Registered>(actions)));
    machine.on_message(m, now);
    actions = drain();
    EXPECT_THAT(all<DestroyGeneration>(actions), IsEmpty());
    EXPECT_TRUE(is_lost(only<Registered>(actions)));
}

TEST_F(EmbeddingSessions, ASilentPeerIsGivenUpAndTold) {
    register_peer();
    std::size_t pings = 0;
    std::vector<Action> actions;
    for (int i = 0; i < 100 && machine.generations() > 0; ++i) {
        now = machine.next_deadline();
        machine.on_time(now);
        actions = drain();
        pings += told<Ping>(actions).size();
        ASSERT_GT(machine.next_deadline(), now);
    }
    EXPECT_EQ(machine.generations(), 0u);
    EXPECT_GE(pings, 3u);
    EXPECT_THAT(all<DestroyGeneration>(actions).at(0).reason, HasSubstr("silent"));
    EXPECT_TRUE(is_lost(only<Registered>(actions)));
}

TEST_F(EmbeddingSessions, AGapInOurOwnRunningFailsNobody) {
    register_peer();
    now += std::chrono::hours(1);
    machine.on_time(now);
    EXPECT_EQ(machine.generations(), 1u);
    EXPECT_THAT(told<Ping>(drain()), SizeIs(1));
}

QueuePairAddress pair_on(std::uint32_t rail, std::uint32_t number) {
    QueuePairAddress address;
    address.number = number;
    address.rail = rail;
    return address;
}

TEST_F(EmbeddingSessions, TheSmallerNumberOfRailsAndOfQueuePairsOnEachIsUsed) {
    Config c = config();
    c.rails = 2;
    c.max_queue_pairs = 2;
    make_anew(c);
    Register m = register_message();
    m.queue_pairs = {pair_on(0, 1), pair_on(1, 2), pair_on(2, 3), pair_on(0, 4), pair_on(0, 5), pair_on(2, 6)};
    machine.on_message(m, now);
    const auto built = all<BuildGeneration>(drain());
    ASSERT_THAT(built, SizeIs(1));
    EXPECT_EQ(built[0].remote, (std::vector<QueuePairAddress>{pair_on(0, 1), pair_on(1, 2), pair_on(0, 4)}));
}

TEST_F(EmbeddingSessions, NoRailInCommonIsRefused) {
    Register m = register_message();
    m.queue_pairs = {pair_on(1, 1)};
    machine.on_message(m, now);
    const auto actions = drain();
    EXPECT_THAT(all<BuildGeneration>(actions), IsEmpty());
    EXPECT_THAT(std::get<Registered::Refused>(only<Registered>(actions).answer).error, HasSubstr("no queue pair"));
}

TEST_F(EmbeddingSessions, StrangersCostNoConnection) {
    init(1, blocks(0, 1), 128, kRoom, 99);
    EXPECT_THAT(all<ForgetPeer>(drain()), SizeIs(1));
}

}  // namespace
}  // namespace remit::protocol::embedding
