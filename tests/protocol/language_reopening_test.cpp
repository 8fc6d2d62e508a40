// The receiver's state machine: how soon generations of queue pairs, and attempts of a room that is given back, follow one
// another under rooms that wait.

#include "language_fixture.hpp"

namespace remit::protocol::language {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LanguageReopening : public LanguageMachine {
protected:
    /// The next generation that is asked for, once its time has come; nothing where the room fails before.
    std::optional<GenerationKey> next_made() {
        for (int deadlines = 0; deadlines < 1000; ++deadlines) {
            const auto actions = drain();
            if (const auto made = all<CreateGeneration>(actions); !made.empty()) return made.front().key;
            if (const auto ends = all<Final>(actions); !ends.empty()) {
                reason_ = ends.front().reason;
                return std::nullopt;
            }
            now = std::max(now, machine->next_deadline());
            machine->on_time(now);
        }
        ADD_FAILURE() << "neither a generation nor an end";
        return std::nullopt;
    }
    void accept(const GenerationKey& key) {
        session = key.session;
        machine->on_created(key, {QueuePairAddress{.number = 1}}, now);
        machine->on_message(Registered{key.session, key.generation, kIncarnation,
                                       Registered::Accepted{{QueuePairAddress{.number = 2}}, {1 << 20}, capabilities}},
                            now);
    }
    void lose(const GenerationKey& key) {
        machine->on_message(Registered{key.session, key.generation, kIncarnation, Registered::Lost{"on a whim"}}, now);
        machine->on_destroyed(key, now);
    }
    /// The next INIT, once its time has come; nothing where the room fails before.
    std::optional<Init> next_init() {
        for (int deadlines = 0; deadlines < 1000; ++deadlines) {
            const auto actions = drain();
            if (const auto inits = told<Init>(actions); !inits.empty()) return inits.front();
            if (const auto ends = all<Final>(actions); !ends.empty()) {
                reason_ = ends.front().reason;
                return std::nullopt;
            }
            heed();
        }
        ADD_FAILURE() << "neither an INIT nor an end";
        return std::nullopt;
    }
    /// The next deadline passes. The peer is heard, so that only what is tested ends the room.
    void heed() {
        now = std::max(now, machine->next_deadline());
        machine->on_message(Pong{.id = id(0)}, now);
        machine->on_time(now);
    }
    void give_back(const Init& init) {
        aborted(init.id.attempt, std::nullopt, true, init.room);
        machine->on_dry({session, 1}, now);
    }
    std::string reason_;  ///< of the room
};

TEST_F(LanguageReopening, APeerThatAcceptsAndLosesInTurnsIsAskedEverMoreSlowlyAndNotForLonger) {
    const Time begun = now;
    const Timing& timing = config().timing;
    const auto most = static_cast<std::size_t>(timing.register_deadline / timing.repeat_most) + 10;
    receive(1, 256);
    std::size_t generations = 0;
    while (const auto made = next_made()) {
        ASSERT_LE(++generations, most);
        accept(*made);
        lose(*made);
    }
    EXPECT_THAT(reason_, HasSubstr("the latest try ended with: lost: on a whim"));
    EXPECT_EQ(now, begun + timing.register_deadline) << "being lost gives the peer no more time";
    at_rest();
}

TEST_F(LanguageReopening, ARegisterAnsweredWithLostIsRepeatedAtOnceOnce) {
    receive(1, 256);
    std::vector<Time> made;
    while (made.size() < 8) {
        const auto key = next_made();
        ASSERT_TRUE(key);
        made.push_back(now);
        machine->on_created(*key, {QueuePairAddress{.number = 1}}, now);
        lose(*key);
    }
    const Timing& timing = config().timing;
    EXPECT_EQ(made[1], made[0]) << "a worker that has restarted is asked again at once";
    for (std::size_t i = 2; i < made.size(); ++i) {
        EXPECT_EQ(made[i] - made[i - 1], std::min((1 << (i - 2)) * timing.repeat_first, timing.repeat_most));
    }
}

TEST_F(LanguageReopening, ARoundThatIsCompleteMakesTheNextOneComeAtOnceAgain) {
    receive(1, 256);
    for (int lost = 0; lost < 4; ++lost) {
        const auto made = next_made();
        ASSERT_TRUE(made);
        accept(*made);
        lose(*made);
    }
    EXPECT_THAT(all<CreateGeneration>(drain()), IsEmpty()) << "it waits by now";
    const auto good = next_made();
    ASSERT_TRUE(good);
    accept(*good);
    const std::uint64_t attempt = only<Init>(drain()).id.attempt;
    machine->on_immediate(*good, 0, immediate_of(attempt), now);
    Aux aux{};
    aux[0] = 200;
    machine->on_visible({session, good->generation, attempt}, 0, aux, now);
    receive(2, 256, true, kRoom + 1);
    drain();
    lose(*good);
    EXPECT_THAT(all<CreateGeneration>(drain()), SizeIs(1));
}

TEST_F(LanguageReopening, APeerThatGivesEachInitBackIsAskedEverMoreSlowlyUntilTheRoomsDeadline) {
    const Time begun = now;
    const Timing& timing = config().timing;
    const auto most = static_cast<std::size_t>(timing.room_deadline / timing.repeat_most) + 10;
    receive(1, 256);
    bring_up();
    std::size_t attempts = 0;
    while (const auto init = next_init()) {
        ASSERT_LE(++attempts, most);
        give_back(*init);
    }
    EXPECT_EQ(now, begun + timing.room_deadline);
    EXPECT_THAT(reason_, HasSubstr("an answer to INIT from the embedding worker at 10.0.0.1:7700; the latest try ended with: "
                                   "ABORTED in answer to INIT"));
    at_rest();
}

TEST_F(LanguageReopening, AnAttemptThatIsGivenBackIsOpenedAnewAtOnceOnceThenAsGenerationsAre) {
    receive(1, 256);
    bring_up();
    std::vector<Time> opened;
    while (opened.size() < 8) {
        const auto init = next_init();
        ASSERT_TRUE(init);
        EXPECT_EQ(init->id.attempt, opened.size() + 1);
        opened.push_back(now);
        give_back(*init);
    }
    const Timing& timing = config().timing;
    EXPECT_EQ(opened[1], opened[0]) << "one that the peer has forgotten is opened anew at once";
    for (std::size_t i = 2; i < opened.size(); ++i) {
        EXPECT_EQ(opened[i] - opened[i - 1], std::min((1 << (i - 2)) * timing.repeat_first, timing.repeat_most));
    }
}

TEST_F(LanguageReopening, ManyRoomsThatAreGivenBackAtOnceMakeThePauseNoLonger) {
    constexpr std::uint64_t kRooms = 10;
    for (std::uint64_t i = 0; i < kRooms; ++i) receive(1 + i, 0, true, kRoom + i);
    bring_up();
    const auto inits = told<Init>(drain());
    ASSERT_THAT(inits, SizeIs(kRooms));
    for (const Init& init : inits) give_back(init);
    const auto again = told<Init>(drain());
    EXPECT_THAT(again, SizeIs(1)) << "the first is opened anew at once, the others wait";
    const Time paused = now;
    const auto next = next_init();
    ASSERT_TRUE(next);
    EXPECT_EQ(now - paused, config().timing.repeat_first);
}

TEST_F(LanguageReopening, ARoundThatIsCompleteOpensWhatWaits) {
    receive(1, 128);
    receive(2, 128, true, kRoom + 1);
    bring_up();
    const auto inits = told<Init>(drain());
    ASSERT_THAT(inits, SizeIs(2));
    give_back(inits[1]);
    give_back(only<Init>(drain()));
    EXPECT_THAT(told<Init>(drain()), IsEmpty()) << "it waits by now";
    arrive(inits[0].id.attempt, 0, 100);
    EXPECT_EQ(only<Init>(drain()).room, kRoom + 1);
}

TEST_F(LanguageReopening, BlocksThatWereAskedBackPutNothingOff) {
    begin(2);
    receive(1, 128);
    receive(2, 128, true, kRoom + 1);
    bring_up();
    ASSERT_THAT(told<Init>(drain()), SizeIs(2));
    for (std::uint64_t i = 2; i < 5; ++i) receive(1 + i, 0, true, kRoom + i);
    const auto sizes = told<Init>(drain());
    ASSERT_THAT(sizes, SizeIs(3));
    for (const Init& init : sizes) status(init.id.attempt, Status::WaitingForInput, 128, "", init.room);
    ASSERT_THAT(told<Abort>(drain()), SizeIs(2)) << "both that hold blocks are asked to yield";
    aborted(1, 0);
    EXPECT_EQ(told<Init>(drain()).size(), 1u);
    aborted(2, 0, true, kRoom + 1);
    EXPECT_EQ(told<Init>(drain()).size(), 1u) << "as soon as the first";
}

TEST_F(LanguageReopening, APeerThatAnswersHasTheTimeToRegisterFromThatOn) {
    receive(1, 256);
    bring_up();
    drain();
    now += config().timing.register_deadline - std::chrono::milliseconds(1);
    machine->on_message(Pong{.id = id(0)}, now);
    aborted(1, std::nullopt);  // it has forgotten the attempt: the room goes on under another
    machine->on_dry({session, 1}, now);
    EXPECT_EQ(only<Init>(drain()).id.attempt, 2u);
    lose({session, 1});
    now += std::chrono::milliseconds(1);
    machine->on_time(now);
    EXPECT_THAT(all<Final>(drain()), IsEmpty());
}

}  // namespace
}  // namespace remit::protocol::language
