// Several devices as one fabric: each rail has its keys, its queue pairs and its receives; completions come together.

#include "fabric/rails.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <remit/error.hpp>

#include <array>
#include <cstring>
#include <numeric>
#include <string>

namespace remit::fabric {
namespace {

std::unique_ptr<Fabric> two_rails(const std::string& network) {
    std::vector<std::unique_ptr<Fabric>> rails;
    for (int i = 0; i < 2; ++i) rails.push_back(open_loopback(network));
    return join_rails(std::move(rails));
}

/// Memory, queues and a queue pair a rail.
struct End {
    explicit End(const std::string& network) : fabric(two_rails(network)), memory(4096) {
        region = fabric->register_memory(memory.data(), memory.size(), Access::remote_write);
        completions = fabric->create_completion_queue(64);
        receives = fabric->create_receive_queue(4);
        receives->post(receives->depth());
        for (std::uint32_t rail = 0; rail < 2; ++rail) {
            pairs.push_back(
                fabric->create_queue_pair({completions.get(), completions.get(), receives.get(), 16, rail}));
        }
    }
    std::unique_ptr<Fabric> fabric;
    std::vector<std::byte> memory;
    std::unique_ptr<MemoryRegion> region;
    std::unique_ptr<CompletionQueue> completions;
    std::unique_ptr<ReceiveQueue> receives;
    std::vector<std::unique_ptr<QueuePair>> pairs;
};

class Rails : public testing::Test {
protected:
    void SetUp() override {
        for (std::size_t rail = 0; rail < 2; ++rail) {
            a.pairs[rail]->connect(b.pairs[rail]->local());
            b.pairs[rail]->connect(a.pairs[rail]->local());
        }
    }
    PostResult write(std::uint32_t rail, std::uint32_t key_rail, Opcode opcode = Opcode::write_with_immediate) {
        const Piece piece{a.region->address(), 64, a.region->local_key_on(key_rail)};
        WorkRequest request;
        request.id = 5;
        request.opcode = opcode;
        request.signaled = true;
        request.remote_address = b.region->address() + 100 * rail;
        request.remote_key = b.region->remote_key_on(key_rail);
        request.immediate = 77;
        request.pieces = {&piece, 1};
        return a.pairs[rail]->post({&request, 1});
    }
    Completion only(End& end) {
        std::array<Completion, 8> out;
        EXPECT_EQ(end.completions->poll(out), 1U);
        return out[0];
    }
    End a{"rails test"};
    End b{"rails test"};
};

TEST_F(Rails, EachCarriesDataWithKeysOfItsOwn) {
    for (std::size_t i = 0; i < 64; ++i) a.memory[i] = static_cast<std::byte>(i + 1);
    EXPECT_NE(a.region->local_key_on(0), a.region->local_key_on(1));
    for (std::uint32_t rail = 0; rail < 2; ++rail) {
        EXPECT_EQ(a.pairs[rail]->local().rail, rail);
        EXPECT_EQ(write(rail, rail).accepted, 1U);
        const Completion sent = only(a);
        EXPECT_TRUE(sent.ok) << status_text(sent);
        EXPECT_EQ(sent.queue_pair, rail_number(a.pairs[rail]->local()));
        const Completion arrived = only(b);
        EXPECT_EQ(arrived.kind, CompletionKind::immediate);
        EXPECT_EQ(arrived.immediate, 77U);
        EXPECT_EQ(arrived.queue_pair, rail_number(b.pairs[rail]->local()));
        EXPECT_EQ(std::memcmp(b.memory.data() + 100 * rail, a.memory.data(), 64), 0);
    }
}

TEST_F(Rails, AKeyOfAnotherRailIsWorthNothing) {
    EXPECT_EQ(write(1, 0).accepted, 1U);
    EXPECT_FALSE(only(a).ok);
}

TEST_F(Rails, ReceivesAreReplacedWhereTheyWereUsed) {
    EXPECT_EQ(b.receives->depth(), 8U);
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(write(1, 1).accepted, 1U);
        ASSERT_TRUE(only(a).ok);
        ASSERT_TRUE(only(b).ok);
        ASSERT_EQ(b.receives->outstanding(), 7U);
        ASSERT_EQ(b.receives->post(1), 1U);
        ASSERT_EQ(b.receives->post(1), 0U);
    }
}

TEST_F(Rails, OneDescriptorWakesForAll) {
    for (std::uint32_t rail = 0; rail < 2; ++rail) {
        b.fabric->clear_wakeups();
        b.completions->arm();
        pollfd wake{b.fabric->wake_descriptor(), POLLIN, 0};
        EXPECT_EQ(::poll(&wake, 1, 0), 0);
        write(rail, rail);
        EXPECT_EQ(::poll(&wake, 1, 0), 1) << rail;
        only(b);
        b.receives->post(1);
        b.fabric->clear_wakeups();
        EXPECT_EQ(::poll(&wake, 1, 0), 0);
    }
}

TEST(JoinedRails, OneIsItselfAndNoneIsRefused) {
    std::vector<std::unique_ptr<Fabric>> one;
    one.push_back(open_loopback("rails alone"));
    const Fabric* itself = one[0].get();
    EXPECT_EQ(join_rails(std::move(one)).get(), itself);
    EXPECT_THROW(static_cast<void>(join_rails({})), Error);
    const auto two = two_rails("rails alone");
    EXPECT_EQ(two->rails(), 2U);
    EXPECT_NE(two->device().find(','), std::string::npos);
    const auto completions = two->create_completion_queue(4);
    EXPECT_THROW(static_cast<void>(two->create_queue_pair({completions.get(), nullptr, nullptr, 1, 2})), Error);
}

}  // namespace
}  // namespace remit::fabric
