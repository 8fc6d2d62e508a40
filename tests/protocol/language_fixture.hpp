#pragma once

#include "actions.hpp"

#include "protocol/language/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace remit::protocol::language {

/// A receiver's state machine and its allocator, fed by hand: 16 blocks of 128 tokens unless a test says otherwise,
/// one queue pair, 4 credits, no overlapped rounds.
class LanguageMachine : public testing::Test {
protected:
    static constexpr std::uint64_t kIncarnation = 77;
    static constexpr RoomId kRoom = 7;

    void SetUp() override { begin(16); }

    static Config config() {
        Config c;
        c.layout = {128, 4, DType::bf16, 0, Arrangement::segments};
        c.credits = 4;
        c.max_message = 1 << 20;
        c.overlap = false;
        return c;
    }

    void begin(std::uint32_t blocks, const Config& c = config()) {
        allocator.emplace(blocks);
        machine.emplace(c, *allocator);
    }

    static PeerAddress peer() { return {"10.0.0.1", 7700}; }

    void receive(Handle handle, std::uint64_t expected, bool sink = true, RoomId room = kRoom) {
        Request request;
        request.room = room;
        request.embedding = peer();
        request.expected_tokens = expected;
        request.sink = sink;
        machine->on_receive(handle, request, now);
    }

    /// The generation that new rooms wait for is created, registered and connected.
    void bring_up(std::uint64_t generation = 1, std::uint64_t incarnation = kIncarnation) {
        const auto created = all<CreateGeneration>(drain());
        ASSERT_EQ(created.size(), 1u);
        session = created[0].key.session;
        ASSERT_EQ(created[0].key.generation, generation);
        machine->on_created(created[0].key, {QueuePairAddress{.number = 1}}, now);
        ASSERT_EQ(told<Register>(drain()).size(), 1u);
        Registered answer{session, generation, incarnation,
                          Registered::Accepted{{QueuePairAddress{.number = 2}}, {1 << 20}, capabilities}};
        machine->on_message(answer, now);
    }

    /// receive() and bring_up() with the first INIT taken.
    Init start(Handle handle, std::uint64_t expected, bool sink = true) {
        receive(handle, expected, sink);
        bring_up();
        return only<Init>(drain());
    }

    [[nodiscard]] SessionId id(std::uint64_t attempt, std::uint64_t generation = 1) const {
        return {session, generation, attempt, kIncarnation};
    }
    [[nodiscard]] AttemptKey key(std::uint64_t attempt, std::uint64_t generation = 1) const {
        return {session, generation, attempt};
    }

    void status(std::uint64_t attempt, Status value, std::uint64_t total, const std::string& reason = "",
                RoomId room = kRoom) {
        machine->on_message(StatusReport{.room = room, .status = value, .total_tokens = total, .reason = reason, .id = id(attempt)}, now);
    }
    void aborted(std::uint64_t attempt, std::optional<std::uint64_t> rounds, bool drained = true, RoomId room = kRoom) {
        machine->on_message(Aborted{room, drained, rounds, id(attempt)}, now);
    }
    void immediate(std::uint64_t attempt, std::uint64_t generation = 1) {
        machine->on_immediate({session, generation}, 0, immediate_of(attempt), now);
    }
    /// A round is made visible; `total` is what its aux says where it is the first.
    void visible(std::uint64_t attempt, std::uint32_t round, std::uint64_t total) {
        Aux aux{};
        aux[0] = static_cast<std::int32_t>(total);
        machine->on_visible(key(attempt), round, aux, now);
    }
    void arrive(std::uint64_t attempt, std::uint32_t round, std::uint64_t total) {
        immediate(attempt);
        visible(attempt, round, total);
    }

    std::vector<Action> drain() { return std::exchange(machine->actions(), {}); }

    /// Messages of one kind that it told.
    template <class M>
    static std::vector<M> told(const std::vector<Action>& actions) {
        return protocol::told<M, Tell>(actions);
    }
    template <class M>
    static M only(const std::vector<Action>& actions) {
        return protocol::only<M, Tell>(actions);
    }

    /// The last status of a room that its notes tell.
    static std::optional<Status> noted(const std::vector<Action>& actions) {
        const auto notes = all<Note>(actions);
        return notes.empty() ? std::nullopt : std::optional(notes.back().status);
    }

    void at_rest() {
        EXPECT_EQ(machine->rooms(), 0u);
        EXPECT_EQ(machine->unfenced_attempts(), 0u);
        EXPECT_EQ(allocator->free_blocks(), allocator->blocks());
        EXPECT_EQ(allocator->quarantined_blocks(), 0u);
        EXPECT_EQ(machine->free_credits(), config().credits);
    }

    Time now{std::chrono::seconds(1)};
    std::uint64_t session = 0;
    Capabilities capabilities{"fence", "yield", "answers", "reasons", "crc32c"};  ///< of the embedding worker
    std::optional<pool::BlockAllocator> allocator;
    std::optional<Machine> machine;
};

}  // namespace remit::protocol::language
