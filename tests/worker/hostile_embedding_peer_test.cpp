// An embedding worker that breaks the rules: the rooms asked of it fail, rooms of honest ones go on, memory comes back.

#include "raw_peer.hpp"

namespace remit::worker::test {
namespace {

class HostileEmbedding : public testing::Test {
protected:
    HostileEmbedding() : HostileEmbedding(options()) {}
    explicit HostileEmbedding(const PairOptions& options)
        : pair_(options), peer_(pair_.language().endpoint()), fabric_(fabric::open_loopback(pair_.network())) {
        completions_ = fabric_->create_completion_queue(256);
        receives_ = fabric_->create_receive_queue(16);
    }
    static PairOptions options() {
        PairOptions options;
        options.language.timing.abort_deadline = scaled(300);  // this peer answers no ABORT
        options.language.timing.close_deadline = scaled(300);
        return options;
    }
    [[nodiscard]] Incoming receive(RoomId room = 1, std::uint64_t expected = 1024) {
        ReceiveOptions receive;
        receive.expected_tokens = expected;
        return {pair_.language(), peer_.endpoint(), room, Into::sink, std::move(receive)};
    }
    /// Takes REGISTER; the answer is up to the test.
    [[nodiscard]] protocol::Registered registered(const protocol::Register& from, std::size_t queue_pairs = 1) {
        protocol::Registered::Accepted accepted;
        for (std::size_t i = 0; i < queue_pairs; ++i) {
            queue_pairs_.push_back(
                fabric_->create_queue_pair({completions_.get(), completions_.get(), receives_.get(), 64}));
            accepted.queue_pairs.push_back(queue_pairs_.back()->local());
            if (i < from.queue_pairs.size()) queue_pairs_.back()->connect(from.queue_pairs[i]);
        }
        accepted.limits = {1 << 20};
        accepted.capabilities = {"fence", "yield"};
        return {from.id.session, from.id.generation, 77, accepted};
    }
    [[nodiscard]] std::optional<protocol::Init> meet() {
        const auto registration = peer_.as_embedding<protocol::Register>();
        if (!registration) return std::nullopt;
        register_ = *registration;
        peer_.answer(registration->from, registered(*registration));
        return peer_.as_embedding<protocol::Init>();
    }
    void expect_recovered() {
        expect_whole(pair_.language());
        pair_.expect_transfer({1, 2000}, 1024);
    }
    void immediate(std::uint32_t value) {
        fabric::WorkRequest request;
        request.id = ++request_;
        request.opcode = fabric::Opcode::write_with_immediate;
        request.signaled = true;
        request.immediate = value;
        request.remote_address = register_.pool.registrations[0].address;
        request.remote_key = register_.pool.registrations[0].key;
        EXPECT_EQ(queue_pairs_[0]->post({&request, 1}).status, fabric::PostStatus::ok);
    }

    Pair pair_;
    RawPeer peer_;
    std::unique_ptr<fabric::Fabric> fabric_;
    std::unique_ptr<fabric::CompletionQueue> completions_;
    std::unique_ptr<fabric::ReceiveQueue> receives_;
    std::vector<std::unique_ptr<fabric::QueuePair>> queue_pairs_;
    protocol::Register register_;
    std::uint64_t request_ = 0;
};

TEST_F(HostileEmbedding, ARefusalFailsTheRoomWithItsWords) {
    const Incoming incoming = receive();
    const auto registration = peer_.as_embedding<protocol::Register>();
    ASSERT_TRUE(registration);
    peer_.answer(registration->from, protocol::Registered{registration->id.session, 1, 77,
                                                          protocol::Registered::Refused{"I know you not"}});
    incoming.expect_failed("I know you not");
    expect_recovered();
}

TEST_F(HostileEmbedding, MoreQueuePairsThanWereOfferedFailTheRoom) {
    const Incoming incoming = receive();
    const auto registration = peer_.as_embedding<protocol::Register>();
    ASSERT_TRUE(registration);
    peer_.answer(registration->from, registered(*registration, 5));
    incoming.expect_failed("5 queue pairs");
    expect_recovered();
}

TEST_F(HostileEmbedding, AQueuePairOnARailThatWasNotOfferedFailsTheRoomAtOnce) {
    const Incoming incoming = receive();
    const auto registration = peer_.as_embedding<protocol::Register>();
    ASSERT_TRUE(registration);
    protocol::Registered answer = registered(*registration);
    std::get<protocol::Registered::Accepted>(answer.answer).queue_pairs[0].rail = 1;
    peer_.answer(registration->from, answer);
    incoming.expect_failed("rail 1");
    expect_recovered();
}

TEST_F(HostileEmbedding, AQueuePairThatDoesNotExistFailsTheRoom) {
    const Incoming incoming = receive();
    const auto registration = peer_.as_embedding<protocol::Register>();
    ASSERT_TRUE(registration);
    protocol::Registered answer = registered(*registration);
    std::get<protocol::Registered::Accepted>(answer.answer).queue_pairs[0].number = 0xfffffe;
    peer_.answer(registration->from, answer);
    peer_.answer(registration->from,
                 protocol::Registered{registration->id.session, 1, 77, protocol::Registered::Lost{"x"}});
    pair_.expect_transfer({2, 2000}, 1024);
    incoming.reception().abort();
    EXPECT_EQ(incoming.reception().wait_for(scaled(20'000)), Status::Failed);
    expect_recovered();
}

TEST_F(HostileEmbedding, TotalsThatCannotBeFailTheRoom) {
    RoomId room = 0;
    for (const std::uint64_t total : {1ULL << 31, ~0ULL}) {
        const Incoming incoming = receive(++room);
        const auto init =
            room == 1 ? meet() : peer_.as_embedding<protocol::Init>([&](const auto& m) { return m.room == room; });
        ASSERT_TRUE(init);
        peer_.answer(init->from, protocol::StatusReport{room, Status::WaitingForInput, 0, 0, total, "", init->id});
        incoming.expect_failed(std::to_string(total));
        incoming.expect_failed("permitted: 1 to 2147483647");
        peer_.answer(init->from, protocol::Aborted{room, true, 0, init->id});
    }
    expect_recovered();
}

TEST_F(HostileEmbedding, ATotalThatChangesFailsTheRoomWithBoth) {
    const Incoming incoming = receive();
    const auto init = meet();
    ASSERT_TRUE(init);
    peer_.answer(init->from, protocol::StatusReport{1, Status::WaitingForInput, 0, 0, 3000, "", init->id});
    peer_.answer(init->from, protocol::StatusReport{1, Status::WaitingForInput, 0, 0, 3001, "", init->id});
    incoming.expect_failed("from 3000 to 3001");
    expect_recovered();
}

TEST_F(HostileEmbedding, StatusSuccessAloneIsNoSuccess) {
    const Incoming incoming = receive();
    const auto init = meet();
    ASSERT_TRUE(init);
    for (int i = 0; i < 10; ++i) {
        peer_.answer(init->from, protocol::StatusReport{1, Status::Success, 9, 500, 500, "", init->id});
    }
    ASSERT_TRUE(comes_true([&] { return incoming.reception().total_tokens() == 500; }));
    pair_.expect_transfer({2, 2000}, 1024);
    EXPECT_NE(incoming.reception().poll(), Status::Success);
    incoming.reception().abort();
    incoming.expect_failed("aborted");
    expect_recovered();
}

TEST_F(HostileEmbedding, AnImmediateWithoutTheAuxFailsTheRoom) {
    const Incoming incoming = receive();
    const auto init = meet();
    ASSERT_TRUE(init);
    immediate(static_cast<std::uint32_t>(init->id.attempt));
    incoming.expect_failed("aux[0]");
    expect_recovered();
}

TEST_F(HostileEmbedding, ImmediatesOfNobodyAreDropped) {
    const Incoming incoming = receive();
    const auto init = meet();
    ASSERT_TRUE(init);
    for (std::uint32_t value = 1000; value < 1040; ++value) immediate(value);
    pair_.expect_transfer({2, 2000}, 1024);
    EXPECT_EQ(incoming.reception().poll(), Status::Bootstrapping);
    incoming.reception().abort();
    incoming.expect_failed("aborted");
    expect_recovered();
}

TEST_F(HostileEmbedding, MoreImmediatesThanRoundsCostItItsSession) {
    const Incoming incoming = receive(1, 128);
    const auto init = meet();
    ASSERT_TRUE(init);
    peer_.answer(init->from, protocol::StatusReport{1, Status::WaitingForInput, 0, 0, 1 << 20, "", init->id});
    ASSERT_TRUE(comes_true([&] { return incoming.reception().total_tokens() != 0; }));
    for (int i = 0; i < 40; ++i) immediate(static_cast<std::uint32_t>(init->id.attempt));
    EXPECT_EQ(incoming.reception().wait_for(scaled(20'000)), Status::Failed);
    expect_recovered();
}

TEST_F(HostileEmbedding, AbortedThatNobodyAskedForChangesNothing) {
    const Incoming incoming = receive();
    const auto init = meet();
    ASSERT_TRUE(init);
    for (const std::optional<std::uint64_t> rounds :
         {std::optional<std::uint64_t>(0), std::optional<std::uint64_t>(5)}) {
        peer_.answer(init->from, protocol::Aborted{1, true, rounds, init->id});
    }
    pair_.expect_transfer({2, 2000}, 1024);
    EXPECT_EQ(incoming.reception().poll(), Status::Bootstrapping);
    incoming.reception().abort();
    incoming.expect_failed("aborted by");
    expect_recovered();
}

/// Its answers to ABORT are awaited as long as a product's are.
class HostileEmbeddingThatAnswers : public HostileEmbedding {
protected:
    HostileEmbeddingThatAnswers() : HostileEmbedding(patient()) {}
    static PairOptions patient() {
        PairOptions patient = options();
        patient.language.timing.abort_deadline = TimingOptions{}.abort_deadline;
        return patient;
    }
};

TEST_F(HostileEmbeddingThatAnswers, UndrainedCostsTheSession) {
    const Incoming incoming = receive();
    const auto init = meet();
    ASSERT_TRUE(init);
    incoming.reception().abort();
    ASSERT_TRUE(peer_.as_embedding<protocol::Abort>());
    // INIT and ABORT may be of one turn of the worker, whose end tells.
    EXPECT_TRUE(comes_true([&] { return pair_.language().free_blocks() == 128U - 8; })) << "in quarantine until the fence";
    peer_.answer(init->from, protocol::Aborted{1, false, 1, init->id});
    incoming.expect_failed("aborted by");
    EXPECT_TRUE(peer_.as_embedding<protocol::Close>());
    expect_recovered();
}

TEST_F(HostileEmbedding, AnAbortThatIsNeverAnsweredKeepsTheBlocksUntilTheQueuePairIsGone) {
    const Incoming incoming = receive();
    const auto init = meet();
    ASSERT_TRUE(init);
    incoming.reception().abort();
    incoming.expect_failed("aborted by");
    EXPECT_TRUE(peer_.as_embedding<protocol::Close>());
    expect_recovered();
}

TEST_F(HostileEmbedding, AnswersWithWrongNumbersAreStale) {
    const Incoming incoming = receive();
    const auto init = meet();
    ASSERT_TRUE(init);
    for (protocol::SessionId id : {protocol::SessionId{init->id.session + 1, init->id.generation, init->id.attempt, 77},
                                   protocol::SessionId{init->id.session, init->id.generation + 1, init->id.attempt, 77},
                                   protocol::SessionId{init->id.session, init->id.generation, init->id.attempt + 1, 77},
                                   protocol::SessionId{init->id.session, init->id.generation, init->id.attempt, 78}}) {
        peer_.answer(init->from, protocol::StatusReport{1, Status::Failed, 0, 0, 0, "lies", id});
        peer_.answer(init->from, protocol::Aborted{1, false, 0, id});
    }
    peer_.answer(init->from, protocol::StatusReport{2, Status::Failed, 0, 0, 0, "lies", init->id});
    pair_.expect_transfer({2, 2000}, 1024);
    EXPECT_EQ(incoming.reception().poll(), Status::Bootstrapping);
    incoming.reception().abort();
    incoming.expect_failed("aborted by");
    expect_recovered();
}

}  // namespace
}  // namespace remit::worker::test
