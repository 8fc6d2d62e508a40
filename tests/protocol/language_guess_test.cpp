// Rooms whose user gives no guess: what the machine asks for, and from what it learns.

#include "language_fixture.hpp"

namespace remit::protocol::language {
namespace {

class LanguageGuess : public LanguageMachine {
protected:
    /// A machine that has seen `count` requests of `tokens` tokens, each asked for with a size-first INIT.
    void teach(std::uint64_t count, std::uint64_t tokens) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const Handle handle = ++handle_;
            receive(handle, 0, true, kRoom + handle);
            if (!up_) bring_up();
            up_ = true;
            const Init init = only<Init>(drain());
            status(init.id.attempt, Status::WaitingForInput, tokens, "", kRoom + handle);
            machine->on_abort(handle, "enough", now);
            drain();
            aborted(init.id.attempt, 1, true, kRoom + handle);
            immediate(init.id.attempt);
            drain();
        }
    }
    Init auto_receive(bool sink = true) {
        const Handle handle = ++handle_;
        Request request;
        request.room = kRoom + handle;
        request.embedding = peer();
        request.expected_tokens = std::nullopt;
        request.sink = sink;
        machine->on_receive(handle, request, now);
        if (!up_) bring_up();
        up_ = true;
        return only<Init>(drain());
    }
    Handle handle_ = 0;
    bool up_ = false;
};

TEST_F(LanguageGuess, StartsWithFirstTokensInWholeBlocks) {
    Config c = config();
    c.guess.first_tokens = 130;
    begin(16, c);
    const Init init = auto_receive();
    EXPECT_EQ(init.blocks.size(), 2u);
    EXPECT_EQ(init.allocated_tokens, 256u) << "the rest of a block is no use to anybody else";
}

TEST_F(LanguageGuess, LearnsFromEveryAnnouncedLength) {
    Config c = config();
    c.guess.free_share = 1;
    begin(64, c);
    teach(10, 700);
    EXPECT_EQ(machine->guessed_tokens(), 703u);
    EXPECT_EQ(auto_receive().blocks.size(), 6u);
}

TEST_F(LanguageGuess, ARequestIsOneLengthHoweverOftenItIsTold) {
    Config c = config();
    c.guess.history = 8;
    begin(64, c);
    teach(8, 700);
    const Init init = auto_receive();
    for (int i = 0; i < 20; ++i) status(init.id.attempt, Status::WaitingForInput, 100, "", kRoom + handle_);
    EXPECT_EQ(machine->guessed_tokens(), 703u);
}

TEST_F(LanguageGuess, UnderPressureAGuessTakesItsShareOfWhatIsFree) {
    Config c = config();
    c.credits = 64;
    c.guess.free_share = 0.25;
    begin(16, c);
    EXPECT_EQ(auto_receive().blocks.size(), 4u) << "a quarter of 16";
    EXPECT_EQ(auto_receive().blocks.size(), 3u) << "a quarter of 12";
    EXPECT_EQ(auto_receive().blocks.size(), 2u);
    for (int i = 0; i < 7; ++i) EXPECT_EQ(auto_receive().blocks.size(), 1u);
    EXPECT_EQ(allocator->free_blocks(), 0u);
    EXPECT_EQ(auto_receive().blocks.size(), 0u) << "without memory it asks for the announcement";
}

}  // namespace
}  // namespace remit::protocol::language
