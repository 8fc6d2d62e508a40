#pragma once

#include "actions.hpp"

#include "protocol/embedding/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remit::protocol::embedding {

/// A sender's state machine with one registered language worker, fed by hand. Pool of 32 blocks of 128 tokens.
class EmbeddingMachine : public testing::Test {
protected:
    static constexpr std::uint64_t kIncarnation = 77;
    static constexpr std::uint64_t kSession = 5;
    static constexpr RoomId kRoom = 7;
    static constexpr SendId kSend = 1;

    static Layout::Shape shape() { return {128, 4, DType::bf16, 0, Arrangement::segments}; }

    static Config config() {
        Config c;
        c.layout = shape();
        c.incarnation = kIncarnation;
        c.attempt_window = 8;
        c.max_message = 1 << 20;
        return c;
    }

    static BlockMap pool() {
        const Layout layout = Layout::multimodal(shape());
        BlockMap map = place_pool(layout, 32, 4096);
        map.registrations = {{4096, pool_bytes(layout, 32), 9}};
        for (SegmentMap& segment : map.segments) segment.registration = 0;
        return map;
    }

    static Register register_message(std::uint64_t session = kSession, std::uint64_t generation = 1) {
        Register m;
        m.from = {"10.0.0.2", static_cast<std::uint16_t>(1000 + session)};
        m.id = {session, generation, 0, 0};
        m.layout = shape();
        m.pool = pool();
        m.queue_pairs = {QueuePairAddress{.number = 1}};
        m.limits = {1 << 20};
        m.capabilities = {"fence", "yield"};
        return m;
    }

    void register_peer(std::uint64_t session = kSession, std::uint64_t generation = 1) {
        machine.on_message(register_message(session, generation), now);
        machine.on_built({session, generation}, {QueuePairAddress{.number = 2}}, now);
        drain();
    }

    static SessionId id(std::uint64_t attempt, std::uint64_t session = kSession) {
        return {session, 1, attempt, kIncarnation};
    }

    static BlockTable blocks(BlockId first, std::uint32_t count) {
        BlockTable table;
        for (BlockId block = first; block < first + count; ++block) table.push_back(block);
        return table;
    }

    void init(std::uint64_t attempt, const BlockTable& table, std::uint64_t tokens, RoomId room = kRoom,
              std::uint64_t session = kSession, std::uint32_t required = 1) {
        Init m;
        m.room = room;
        m.from = {"10.0.0.2", static_cast<std::uint16_t>(1000 + session)};
        m.id = id(attempt, session);
        m.blocks = table;
        m.required_dst_info_num = required;
        m.allocated_tokens = tokens;
        machine.on_message(m, now);
    }

    void resume(std::uint64_t attempt, const BlockTable& table, std::uint64_t sent, std::uint64_t tokens,
                RoomId room = kRoom) {
        Resume m;
        m.room = room;
        m.id = id(attempt);
        m.blocks = table;
        m.sent_tokens = sent;
        m.allocated_tokens = tokens;
        machine.on_message(m, now);
    }

    void abort(std::uint64_t attempt, AbortKind kind = AbortKind::abort, RoomId room = kRoom) {
        Abort m;
        m.room = room;
        m.id = id(attempt);
        m.kind = kind;
        machine.on_message(m, now);
    }

    static AttemptKey key(std::uint64_t attempt, std::uint64_t session = kSession) { return {session, 1, attempt}; }

    /// A round is posted and written.
    void write(std::uint64_t attempt, std::uint32_t round, std::uint64_t session = kSession) {
        machine.on_posted(key(attempt, session));
        machine.on_round_written(key(attempt, session), round, now);
    }

    /// What the machine asked for since the last look.
    std::vector<Action> drain() { return std::exchange(machine.actions(), {}); }

    /// Messages of one kind that it told.
    template <class M>
    static std::vector<M> told(const std::vector<Action>& actions) {
        return protocol::told<M, Tell>(actions);
    }
    template <class M>
    static M only(const std::vector<Action>& actions) {
        return protocol::only<M, Tell>(actions);
    }

    /// Another in place of `machine`: it stays where it is.
    void make_anew(const Config& with) {
        std::destroy_at(&machine);
        std::construct_at(&machine, with);
    }

    Time now{std::chrono::seconds(1)};
    Machine machine{config()};
};

}  // namespace remit::protocol::embedding
