#include "fabric/fabric.hpp"
#include "fabric/status.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <remit/error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace remit::fabric {
namespace {

bool readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

/// A fabric with one of everything.
struct Node {
    explicit Node(const std::string& network, std::uint32_t completion_depth = 256, std::uint32_t depth = 16)
        : fabric(open_loopback(network)),
          memory(4096),
          region(fabric->register_memory(memory.data(), memory.size(), Access::remote_write)),
          completions(fabric->create_completion_queue(completion_depth)),
          receives(fabric->create_receive_queue(64)),
          queue_pair(make(depth)) {
        EXPECT_EQ(receives->post(64), 64U);
    }
    std::unique_ptr<QueuePair> make(std::uint32_t depth) {
        return fabric->create_queue_pair({completions.get(), nullptr, receives.get(), depth});
    }
    [[nodiscard]] std::vector<Completion> poll() {
        std::vector<Completion> out(64);
        out.resize(completions->poll(out));
        return out;
    }

    std::unique_ptr<Fabric> fabric;
    std::vector<std::byte> memory;
    std::unique_ptr<MemoryRegion> region;
    std::unique_ptr<CompletionQueue> completions;
    std::unique_ptr<ReceiveQueue> receives;
    std::unique_ptr<QueuePair> queue_pair;
};

void join(Node& a, Node& b) {
    a.queue_pair->connect(b.queue_pair->local());
    b.queue_pair->connect(a.queue_pair->local());
}

WorkRequest immediate(std::uint64_t id, bool signaled) {
    WorkRequest request;
    request.id = id;
    request.opcode = Opcode::write_with_immediate;
    request.signaled = signaled;
    return request;
}

PostResult post(Node& node, const WorkRequest& request) {
    return node.queue_pair->post({&request, 1});
}

/// The accepting path of a dma-buf, on memory that the CPU can map: bytes land where the descriptor says, under
/// addresses of the registration's own.
TEST(Loopback, ADmabufIsReachedUnderItsOwnAddresses) {
    Node a("dmabuf");
    Node b("dmabuf");
    join(a, b);
    const int descriptor = ::memfd_create("remit test", MFD_CLOEXEC);
    ASSERT_GE(descriptor, 0);
    ASSERT_EQ(::ftruncate(descriptor, 3 * 4096), 0);
    constexpr std::uint64_t kAddress = 0x7f00'0000'0034;
    auto registered = b.fabric->register_dmabuf({descriptor, 4096 + 52, 5000, kAddress, false}, Access::remote_write);
    ASSERT_NE(registered.region, nullptr) << registered.refusal;
    EXPECT_EQ(registered.region->address(), kAddress);
    std::fill(a.memory.begin(), a.memory.end(), std::byte{0x5a});
    const Piece piece{reinterpret_cast<std::uintptr_t>(a.memory.data()), 100, a.region->local_key()};
    WorkRequest request;
    request.id = 1;
    request.signaled = true;
    request.remote_address = kAddress + 4900;
    request.remote_key = registered.region->remote_key();
    request.pieces = {&piece, 1};
    ASSERT_EQ(post(a, request).status, PostStatus::ok);
    const auto completions = a.poll();
    ASSERT_EQ(completions.size(), 1U);
    EXPECT_TRUE(completions[0].ok) << status_text(completions[0]);
    std::array<std::byte, 3 * 4096> bytes{};
    ASSERT_EQ(::pread(descriptor, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    ::close(descriptor);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool written = i >= 4096 + 52 + 4900 && i < 4096 + 52 + 5000;
        ASSERT_EQ(bytes[i], std::byte{written ? std::uint8_t{0x5a} : std::uint8_t{0}}) << i;
    }
    request.remote_address += 1;  // one byte past the registration
    ASSERT_EQ(post(a, request).status, PostStatus::ok);
    EXPECT_FALSE(a.poll().at(0).ok);
}

TEST(Loopback, MemoryOfADeviceIsRefusedWithoutAnError) {
    Node a("device memory");
    const int event = ::eventfd(0, EFD_CLOEXEC);  // like a GPU's dma-buf, it cannot be mapped
    ASSERT_GE(event, 0);
    const Registered unmappable = a.fabric->register_dmabuf({event, 0, 4096, 0, false}, Access::local);
    EXPECT_EQ(unmappable.region, nullptr);
    EXPECT_TRUE(unmappable.unsupported) << unmappable.error;
    EXPECT_NE(unmappable.refusal.find("copies with the CPU"), std::string::npos) << unmappable.refusal;
    ::close(event);
    const Registered peer = a.fabric->register_peer_memory(0x7f00'0000'0000, 4096, Access::local);
    EXPECT_TRUE(peer.region == nullptr && peer.unsupported);
    EXPECT_FALSE(a.fabric->takes_pcie_mapping());
}

TEST(Loopback, ADmabufOutOfStepWithItsAddressIsRefused) {
    Node a("out of step");
    EXPECT_THROW(static_cast<void>(a.fabric->register_dmabuf({0, 52, 4096, 4096, false}, Access::local)), Error);
    EXPECT_THROW(static_cast<void>(a.fabric->register_dmabuf({0, 0, 0, 4096, false}, Access::local)), Error);
}

TEST(Loopback, NetworksOfOtherNamesDoNotReachEachOther) {
    Node a("one");
    Node b("two");
    try {
        a.queue_pair->connect(b.queue_pair->local());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::environment);
        EXPECT_NE(std::string(error.what()).find("--fabric verbs"), std::string::npos);
    }
}

TEST(Loopback, SlotsAreHeldUntilACompletionIsPolled) {
    Node a("slots", 256, 4);
    Node b("slots");
    join(a, b);
    EXPECT_EQ(post(a, immediate(1, false)).status, PostStatus::ok);
    EXPECT_EQ(post(a, immediate(2, false)).status, PostStatus::ok);
    EXPECT_EQ(post(a, immediate(3, true)).status, PostStatus::ok);
    EXPECT_EQ(post(a, immediate(4, false)).status, PostStatus::ok);
    const std::array<WorkRequest, 2> chain{immediate(5, true), immediate(6, true)};
    EXPECT_EQ(a.queue_pair->post(chain).status, PostStatus::full);
    ASSERT_EQ(a.poll().size(), 1U);
    const PostResult result = a.queue_pair->post(std::span(chain));
    EXPECT_EQ(result.status, PostStatus::ok);
    EXPECT_EQ(result.accepted, 2U);
    EXPECT_EQ(post(a, immediate(7, true)).status, PostStatus::ok);
    EXPECT_EQ(post(a, immediate(8, true)).status, PostStatus::full);
}

TEST(Loopback, ChainIsCutAtTheFreeSlots) {
    Node a("cut", 256, 4);
    Node b("cut");
    join(a, b);
    std::vector<WorkRequest> chain(7, immediate(1, true));
    const PostResult result = a.queue_pair->post(chain);
    EXPECT_EQ(result.status, PostStatus::full);
    EXPECT_EQ(result.accepted, 4U);
    EXPECT_EQ(b.poll().size(), 4U);
}

TEST(Loopback, NumberWithAnotherSequenceNumberReachesNothing) {
    Node a("generation");
    Node b("generation");
    QueuePairAddress stale = b.queue_pair->local();
    stale.psn ^= 1;
    a.queue_pair->connect(stale);
    b.queue_pair->connect(a.queue_pair->local());
    ASSERT_EQ(post(a, immediate(1, true)).status, PostStatus::ok);
    const auto completions = a.poll();
    ASSERT_EQ(completions.size(), 1U);
    EXPECT_EQ(completions[0].status, status::retry_exceeded);
    EXPECT_TRUE(b.poll().empty());
}

TEST(Loopback, ADestroyedNumberDoesNotComeBack) {
    Node a("numbers");
    const std::uint32_t before = a.queue_pair->local().number;
    a.queue_pair.reset();
    a.queue_pair = a.make(4);
    EXPECT_NE(a.queue_pair->local().number, before);
}

TEST(Loopback, AccessViolationFailsBothEndsAndIsTold) {
    Node a("violation");
    Node b("violation");
    join(a, b);
    const Piece piece{a.region->address(), 8, a.region->local_key()};
    WorkRequest request = immediate(1, true);
    request.pieces = {&piece, 1};
    request.remote_address = b.region->address();
    request.remote_key = a.region->remote_key();  // a key, but not of that fabric
    ASSERT_EQ(post(a, request).status, PostStatus::ok);
    ASSERT_EQ(a.poll().at(0).status, status::remote_access);
    EXPECT_TRUE(readable(b.fabric->wake_descriptor()));
    b.fabric->clear_wakeups();
    const auto event = b.fabric->next_event();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, AsyncEvent::Kind::queue_pair_fatal);
    EXPECT_EQ(event->queue_pair, b.queue_pair->local().number);
    ASSERT_EQ(post(b, immediate(2, false)).status, PostStatus::ok);
    EXPECT_EQ(b.poll().at(0).status, status::flushed);
    EXPECT_EQ(b.receives->outstanding(), 64U);
}

TEST(Loopback, LocalKeyIsChecked) {
    Node a("local key");
    Node b("local key");
    join(a, b);
    const Piece piece{a.region->address() + 1, 4096, a.region->local_key()};
    WorkRequest request = immediate(1, false);
    request.pieces = {&piece, 1};
    request.remote_address = b.region->address();
    request.remote_key = b.region->remote_key();
    ASSERT_EQ(post(a, request).status, PostStatus::ok);
    EXPECT_EQ(a.poll().at(0).status, status::local_protection);
}

TEST(Loopback, DeregisteredMemoryIsRefused) {
    Node a("deregistered");
    Node b("deregistered");
    join(a, b);
    const Piece piece{a.region->address(), 8, a.region->local_key()};
    WorkRequest request = immediate(1, true);
    request.pieces = {&piece, 1};
    request.remote_address = b.region->address();
    request.remote_key = b.region->remote_key();
    ASSERT_EQ(post(a, request).status, PostStatus::ok);
    EXPECT_TRUE(a.poll().at(0).ok);
    b.region.reset();
    ASSERT_EQ(post(a, request).status, PostStatus::ok);
    EXPECT_EQ(a.poll().at(0).status, status::remote_access);
}

TEST(Loopback, OverrunOfACompletionQueueIsReported) {
    Node a("overrun", 2, 16);
    Node b("overrun");
    join(a, b);
    for (std::uint64_t id = 0; id < 3; ++id) ASSERT_EQ(post(a, immediate(id, true)).status, PostStatus::ok);
    EXPECT_TRUE(readable(a.fabric->wake_descriptor()));
    const auto event = a.fabric->next_event();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, AsyncEvent::Kind::device_fatal);
    EXPECT_THROW(static_cast<void>(a.poll()), Error);
}

TEST(Loopback, QueuesOfAnotherFabricAreMisuse) {
    Node a("mixed");
    Node b("mixed");
    EXPECT_THROW(static_cast<void>(a.fabric->create_queue_pair({b.completions.get(), nullptr, nullptr, 4})), Error);
    EXPECT_THROW(static_cast<void>(a.fabric->create_queue_pair({a.completions.get(), nullptr, b.receives.get(), 4})),
                 Error);
}

TEST(Loopback, AQueuePairMayOutliveItsFabric) {
    Node a("outlive");
    Node b("outlive");
    join(a, b);
    a.fabric.reset();
    a.completions.reset();
    EXPECT_EQ(post(a, immediate(1, true)).status, PostStatus::ok);
    EXPECT_EQ(b.poll().size(), 1U);
}

/// Two workers write to each other from their own threads, while a third makes and ends queue pairs beside them.
TEST(Loopback, ThreadsWriteToEachOtherAtOnce) {
    constexpr std::uint32_t kRounds = 2'000;
    Node a("threads", 1024, 64);
    Node b("threads", 1024, 64);
    join(a, b);
    const auto work = [](Node& node, const MemoryRegion& target) {
        std::uint32_t sent = 0;
        std::uint32_t seen = 0;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (sent < kRounds || seen < kRounds) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
            // Never more ahead of what the peer has shown than its receives bear.
            if (sent < kRounds && sent < seen + 32) {
                const Piece piece{node.region->address(), 512, node.region->local_key()};
                WorkRequest request = immediate(sent, true);
                request.immediate = sent;
                request.pieces = {&piece, 1};
                request.remote_address = target.address() + 2048;
                request.remote_key = target.remote_key();
                if (post(node, request).status == PostStatus::ok) ++sent;
            }
            for (const Completion& completion : node.poll()) {
                ASSERT_TRUE(completion.ok) << status_text(completion);
                if (completion.kind != CompletionKind::immediate) continue;
                ASSERT_EQ(completion.immediate, seen++);
                ASSERT_EQ(node.receives->post(1), 1U);
            }
        }
    };
    std::atomic<bool> stop{false};
    std::thread other([&] {
        while (!stop) {
            Node passing("threads");
            Node partner("threads");
            join(passing, partner);
            ASSERT_EQ(post(passing, immediate(1, true)).status, PostStatus::ok);
        }
    });
    std::thread first([&] { work(a, *b.region); });
    std::thread second([&] { work(b, *a.region); });
    first.join();
    second.join();
    stop = true;
    other.join();
}

}  // namespace
}  // namespace remit::fabric
