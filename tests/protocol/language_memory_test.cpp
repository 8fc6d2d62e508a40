// The receiver's state machine: who gets blocks and credits, and who gives them back.

#include "language_fixture.hpp"

namespace remit::protocol::language {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LanguageMemory : public LanguageMachine {};

TEST_F(LanguageMemory, ARoomThatHasNotStartedGivesBackWhatAnAnnouncedOneWaitsFor) {
    begin(2);
    start(1, 256);
    receive(2, 256, true, 8);  // nothing is free: it asks for the announcement
    EXPECT_EQ(only<Init>(drain()).allocated_tokens, 0u);
    status(2, Status::WaitingForInput, 200, "", 8);
    auto actions = drain();
    const Abort yield = only<Abort>(actions);
    EXPECT_EQ(yield.kind, AbortKind::yield);
    EXPECT_EQ(yield.id.attempt, 1u);
    status(1, Status::Bootstrapping, 0);  // no answer to a yield
    EXPECT_THAT(told<Resume>(drain()), IsEmpty());
    aborted(1, 0);
    actions = drain();
    EXPECT_EQ(only<Resume>(actions).id.attempt, 2u);
    const Init again = only<Init>(actions);  // a new attempt, without blocks
    EXPECT_EQ(again.id.attempt, 3u);
    EXPECT_EQ(again.room, kRoom);
    EXPECT_EQ(again.allocated_tokens, 0u);
}

TEST_F(LanguageMemory, APeerThatDoesNotGiveBackIsNotAskedTo) {
    capabilities = {"fence"};
    begin(2);
    start(1, 256);
    receive(2, 256, true, 8);
    drain();
    status(2, Status::WaitingForInput, 200, "", 8);
    EXPECT_THAT(told<Abort>(drain()), IsEmpty());
    // Its INIT is repeated as before: the first may have been lost.
    now += config().timing.repeat_most;
    machine->on_time(now);
    const auto again = told<Init>(drain());
    ASSERT_FALSE(again.empty());
    EXPECT_EQ(again[0].id.attempt, 1u);
    arrive(1, 0, 200);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_EQ(only<Resume>(drain()).id.attempt, 2u);
}

TEST_F(LanguageMemory, ACompleteRoundRefusesTheYield) {
    begin(2);
    start(1, 256);
    receive(2, 256, true, 8);
    status(2, Status::WaitingForInput, 200, "", 8);
    drain();
    arrive(1, 0, 200);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    const auto actions = drain();
    EXPECT_EQ(all<Final>(actions).at(0).status, Status::Success);
    EXPECT_EQ(only<Resume>(actions).id.attempt, 2u);
    EXPECT_THAT(told<Abort>(actions), IsEmpty());
}

TEST_F(LanguageMemory, WaitingRoomsAreServedOldestFirst) {
    begin(1);
    start(1, 128);
    status(1, Status::WaitingForInput, 100);
    receive(2, 0, true, 8);
    receive(3, 0, true, 9);
    drain();
    status(3, Status::WaitingForInput, 100, "", 9);
    status(2, Status::WaitingForInput, 100, "", 8);
    machine->on_sink(1, std::nullopt, now);
    drain();
    arrive(1, 0, 100);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_EQ(only<Resume>(drain()).id.attempt, 3u);  // announced first
}

TEST_F(LanguageMemory, WithoutCreditsARoomOffersNothingYet) {
    Config c = config();
    c.credits = 1;
    begin(16, c);
    start(1, 128);
    receive(2, 128, true, 8);
    EXPECT_EQ(only<Init>(drain()).allocated_tokens, 0u);
    EXPECT_EQ(machine->free_credits(), 0u);
}

TEST_F(LanguageMemory, OfKeptRoomsThatHoldAndWaitOnlyTheOldestGoesOn) {
    begin(4);
    start(1, 256, false);
    receive(2, 256, false, 8);
    drain();
    arrive(1, 0, 512);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
    arrive(2, 0, 512);
    const auto actions = drain();
    const auto finals = all<Final>(actions);
    ASSERT_THAT(finals, SizeIs(1));
    EXPECT_EQ(finals[0].handle, 2u);
    EXPECT_THAT(finals[0].reason, HasSubstr("no memory"));
    aborted(2, 1, true, 8);
    EXPECT_EQ(only<Resume>(drain()).allocated_tokens, 256u);
}

TEST_F(LanguageMemory, PolicyWaitTakesAllItNeedsOrNothing) {
    Config c = config();
    c.memory_policy = MemoryPolicy::wait;
    begin(4, c);
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    receive(2, 0, true, 8);
    drain();
    status(2, Status::WaitingForInput, 512, "", 8);  // wants 4, 2 are free
    EXPECT_THAT(told<Resume>(drain()), IsEmpty());
    machine->on_sink(1, std::nullopt, now);
    arrive(1, 0, 200);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_THAT(only<Resume>(drain()).blocks, SizeIs(4));
}

TEST_F(LanguageMemory, PolicyShrinkTakesWhatThereIs) {
    begin(4);
    start(1, 256);
    status(1, Status::WaitingForInput, 200);
    receive(2, 0, true, 8);
    drain();
    status(2, Status::WaitingForInput, 512, "", 8);
    EXPECT_THAT(only<Resume>(drain()).blocks, SizeIs(2));
}

TEST_F(LanguageMemory, ShutDownFreesEverything) {
    start(1, 256);
    receive(2, 0, true, 8);
    drain();
    machine->shut_down("worker stops", now);
    const auto actions = drain();
    EXPECT_THAT(all<Final>(actions), SizeIs(2));
    const auto destroyed = all<DestroyGeneration>(actions);
    ASSERT_THAT(destroyed, SizeIs(1));
    machine->on_destroyed(destroyed[0].key, now);
    at_rest();
}

class LanguageWaits : public LanguageMachine {
protected:
    /// INITs and RESUMEs of an attempt in the time to come, while the peer lives.
    std::vector<ToEmbedding> said_within(Time span, std::uint64_t attempt) {
        std::vector<ToEmbedding> said;
        for (const Time end = now + span; now < end; now = std::min(std::max(now, machine->next_deadline()), end)) {
            machine->on_message(Pong{.id = id(0)}, now);
            machine->on_time(now);
            for (const Tell& tell : all<Tell>(drain())) {
                const auto* init = std::get_if<Init>(&tell.message);
                const auto* resume = std::get_if<Resume>(&tell.message);
                if ((init != nullptr && init->id.attempt == attempt) || (resume != nullptr && resume->id.attempt == attempt)) {
                    said.push_back(tell.message);
                }
            }
        }
        return said;
    }
    static constexpr Time kLong = std::chrono::seconds(40);
};

TEST_F(LanguageWaits, ARoomThatHasNothingYetRepeatsItsInitNowAndThen) {
    begin(2);
    start(1, 256);
    arrive(1, 0, 256);  // its sink has not said where to: nothing is free
    receive(2, 0, true, 8);
    status(2, Status::WaitingForInput, 200, "", 8);
    drain();
    const auto said = said_within(kLong, 2);
    const auto periods = static_cast<std::size_t>(kLong / config().timing.peer_silence);
    EXPECT_GE(said.size(), periods - 1);
    EXPECT_LE(said.size(), periods + 1);
    for (const ToEmbedding& message : said) EXPECT_THAT(std::get<Init>(message).blocks, IsEmpty());
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_EQ(only<Resume>(drain()).id.attempt, 2u);
}

TEST_F(LanguageWaits, ARoomThatHasAPartRepeatsWhatItSaidLast) {
    Config c = config();
    c.memory_policy = MemoryPolicy::wait;
    c.timing.resume_deadline = std::chrono::seconds(16);
    begin(2, c);
    BlockTable taken;
    ASSERT_TRUE(allocator->allocate(1, 99, taken));
    const Init first = start(1, 128);
    arrive(1, 0, 600);
    machine->on_sink(1, std::nullopt, now);
    machine->on_copied(all<CopyOut>(drain()).at(0), now);
    EXPECT_THAT(told<Resume>(drain()), IsEmpty()) << "it waits for two blocks";
    const auto said = said_within(kLong, 1);
    EXPECT_GE(said.size(), 40u / 2 - 1) << "the sender's patience is taken to be this worker's";
    EXPECT_LE(said.size(), 40u / 2 + 1);
    for (const ToEmbedding& message : said) {
        EXPECT_EQ(std::get<Init>(message).blocks, first.blocks);
        EXPECT_EQ(std::get<Init>(message).allocated_tokens, 128u);
    }
    allocator->free(taken);
    machine->on_time(now);
    const Resume next = only<Resume>(drain());
    EXPECT_EQ(next.sent_tokens, 128u);
    EXPECT_EQ(next.allocated_tokens, 256u);
}

}  // namespace
}  // namespace remit::protocol::language
