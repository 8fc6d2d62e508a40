// The receiving end of the fabric: what one look takes, whatever a peer sends meanwhile.

#include "worker/language/receiver.hpp"

#include <remit/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace remit::worker::test {
namespace {

constexpr std::uint32_t kNumber = 17;
constexpr std::uint32_t kCredits = 64;

/// Immediates that are there whenever somebody looks, up to `left`.
struct Flood {
    std::uint64_t left = 0;
    std::uint64_t receives = 0;  ///< posted
    bool arms = true;            ///< false: the device is gone
};

class FloodedCompletions final : public fabric::CompletionQueue {
public:
    explicit FloodedCompletions(Flood& flood) : flood_(flood) {}
    std::size_t poll(std::span<fabric::Completion> out) override {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), flood_.left));
        fabric::Completion completion;
        completion.queue_pair = kNumber;
        completion.ok = true;
        completion.kind = fabric::CompletionKind::immediate;
        std::fill_n(out.begin(), count, completion);
        flood_.left -= count;
        return count;
    }
    void arm() override {
        if (!flood_.arms) throw Error(ErrorKind::internal, "cannot arm a completion queue");
    }

private:
    Flood& flood_;
};

class Receives final : public fabric::ReceiveQueue {
public:
    Receives(Flood& flood, std::uint32_t depth) : flood_(flood), depth_(depth) {}
    std::uint32_t post(std::uint32_t count) override {
        flood_.receives += count;
        return count;
    }
    [[nodiscard]] std::uint32_t depth() const noexcept override { return depth_; }
    [[nodiscard]] std::uint32_t outstanding() const noexcept override { return depth_; }

private:
    Flood& flood_;
    std::uint32_t depth_;
};

class QueuePair final : public fabric::QueuePair {
public:
    QueuePair() { local_.number = kNumber; }
    [[nodiscard]] const QueuePairAddress& local() const noexcept override { return local_; }
    void connect(const QueuePairAddress&) override {}
    fabric::PostResult post(std::span<const fabric::WorkRequest>) override { return {}; }
    void to_error() noexcept override {}

private:
    QueuePairAddress local_;
};

class FloodedFabric final : public fabric::Fabric {
public:
    explicit FloodedFabric(Flood& flood) : flood_(flood) {}
    [[nodiscard]] std::string_view kind() const noexcept override { return "flooded"; }
    [[nodiscard]] std::string device() const override { return "flooded"; }
    [[nodiscard]] std::string describe() const override { return "flooded"; }
    [[nodiscard]] const fabric::Limits& limits() const noexcept override { return limits_; }
    std::unique_ptr<fabric::MemoryRegion> register_memory(void*, std::size_t, fabric::Access) override {
        return nullptr;
    }
    fabric::Registered register_dmabuf(const fabric::DmabufRange&, fabric::Access) override { return {}; }
    fabric::Registered register_peer_memory(std::uint64_t, std::uint64_t, fabric::Access) override { return {}; }
    [[nodiscard]] bool takes_pcie_mapping() const noexcept override { return false; }
    [[nodiscard]] int numa_node() const noexcept override { return -1; }
    std::unique_ptr<fabric::CompletionQueue> create_completion_queue(std::uint32_t) override {
        return std::make_unique<FloodedCompletions>(flood_);
    }
    std::unique_ptr<fabric::ReceiveQueue> create_receive_queue(std::uint32_t depth) override {
        return std::make_unique<Receives>(flood_, depth);
    }
    std::unique_ptr<fabric::QueuePair> create_queue_pair(const fabric::QueuePairOptions&) override {
        return std::make_unique<QueuePair>();
    }
    [[nodiscard]] int wake_descriptor() const noexcept override { return -1; }
    void clear_wakeups() override {}
    std::optional<fabric::AsyncEvent> next_event() override { return std::nullopt; }

private:
    Flood& flood_;
    fabric::Limits limits_{1u << 30, 16, 1024, 65536, 1024};
};

/// How many immediates one look takes.
std::uint64_t taken_by_one_look(Flood& flood) {
    FloodedFabric fabric(flood);
    language::Receiver receiver(fabric, kCredits, 1);
    static_cast<void>(receiver.create({1, 1}));
    std::uint64_t taken = 0;
    EXPECT_TRUE(receiver.poll([&](const auto&) { ++taken; }, [](const auto& failure) { FAIL() << failure.reason; }));
    EXPECT_EQ(flood.receives, kCredits + taken) << "each that was used up is replaced";
    return taken;
}

TEST(Receiver, OneLookTakesAllThatCanHaveComeBeforeIt) {
    Flood flood{kCredits};
    EXPECT_EQ(taken_by_one_look(flood), kCredits);
}

TEST(Receiver, APeerThatSendsWithoutEndDoesNotKeepOneLookGoing) {
    Flood flood{1'000'000};
    const std::uint64_t taken = taken_by_one_look(flood);
    EXPECT_GE(taken, kCredits);
    EXPECT_LE(taken, 2 * kCredits);
}

TEST(Receiver, AQueueThatCannotBeArmedFailsEveryGenerationAndNotTheProcess) {
    Flood flood;
    FloodedFabric fabric(flood);
    language::Receiver receiver(fabric, kCredits, 1);
    static_cast<void>(receiver.create({1, 1}));
    static_cast<void>(receiver.create({2, 1}));
    flood.arms = false;
    ASSERT_NO_THROW(receiver.arm());
    std::vector<language::Receiver::Failure> failures;
    const auto look = [&] {
        return receiver.poll([](const auto&) { FAIL(); }, [&](const auto& failure) { failures.push_back(failure); });
    };
    EXPECT_TRUE(look());
    ASSERT_EQ(failures.size(), 2U);
    EXPECT_EQ(failures[0].key, (protocol::GenerationKey{1, 1}));
    EXPECT_EQ(failures[1].reason, "cannot arm a completion queue");
    EXPECT_FALSE(look());
    EXPECT_EQ(failures.size(), 2U) << "said once";
    EXPECT_THROW(static_cast<void>(receiver.create({3, 1})), Error);
}

}  // namespace
}  // namespace remit::worker::test
