#include "child.hpp"

#include "base/descriptor.hpp"
#include "fabric/status.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

namespace remit::fabric::test {
namespace {

void write_to_the_dead(Side& side) {
    Endpoint endpoint(side);
    endpoint.connect();
    EXPECT_THROW(side.meet(), std::runtime_error);  // its socket says that the peer is gone
    const Piece piece = endpoint.piece(0, 4096);
    ASSERT_EQ(endpoint.post(endpoint.write(1, {&piece, 1}, 0)).status, PostStatus::ok);
    const Completion completion = endpoint.wait_one();
    EXPECT_FALSE(completion.ok);
    EXPECT_EQ(completion.status, status::retry_exceeded) << status_text(completion);
    EXPECT_NE(status_text(completion).find("transport retry counter exceeded (12"), std::string::npos);
}

TEST(VerbsFault, KilledPeerExceedsRetries) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    Descriptor a(pair[0]);
    Descriptor b(pair[1]);
    Child living([&] {
        ::close(b.get());
        run_side(0, a.get(), impatient(), write_to_the_dead);
    });
    Child dying([&] {
        ::close(a.get());
        run_side(1, b.get(), impatient(), [](Side& side) {
            Endpoint endpoint(side);
            endpoint.connect();
            ::raise(SIGKILL);
        });
    });
    a = Descriptor();
    b = Descriptor();
    const int status = dying.wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    living.expect_success();
}

/// Killed while 8 MiB writes are on the wire: what is outstanding ends in errors, in order, none missing.
void flood_until_failure(Side& side) {
    EndpointOptions options;
    options.bytes = 8U << 20U;
    Endpoint endpoint(side, options);
    endpoint.connect();
    const Piece piece = endpoint.piece(0, options.bytes);
    for (std::uint64_t id = 0; id < 20; ++id) {
        ASSERT_EQ(endpoint.post(endpoint.write(id, {&piece, 1}, 0)).status, PostStatus::ok);
    }
    side.send(std::uint32_t{1});
    bool failed = false;
    std::uint64_t next = 0;
    for (const Completion& completion : endpoint.wait(20, 60'000)) {
        EXPECT_EQ(completion.id, next++);
        EXPECT_FALSE(failed && completion.ok);
        failed = failed || !completion.ok;
    }
    EXPECT_TRUE(failed);
}

TEST(VerbsFault, PeerKilledMidTransferFlushesAll) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    Descriptor a(pair[0]);
    Descriptor b(pair[1]);
    Child living([&] { run_side(0, a.get(), impatient(), flood_until_failure); });
    Child dying([&] {
        run_side(1, b.get(), impatient(), [](Side& side) {
            EndpointOptions options;
            options.bytes = 8U << 20U;
            Endpoint endpoint(side, options);
            endpoint.connect();
            static_cast<void>(side.receive<std::uint32_t>());
            ::raise(SIGKILL);
        });
    });
    EXPECT_TRUE(WIFSIGNALED(dying.wait()));
    living.expect_success();
}

std::optional<AsyncEvent> wait_for_event(Fabric& fabric, AsyncEvent::Kind kind) {
    const auto deadline = std::chrono::steady_clock::now() + scaled(5'000);
    while (std::chrono::steady_clock::now() < deadline) {
        pollfd entry{fabric.wake_descriptor(), POLLIN, 0};
        static_cast<void>(::poll(&entry, 1, 100));
        fabric.clear_wakeups();
        while (auto event = fabric.next_event()) {
            if (event->kind == kind) return event;
        }
    }
    return std::nullopt;
}

int set_link(const std::string& netdev, const char* state) {
    return std::system(("ip link set dev " + netdev + " " + state).c_str());
}

TEST(VerbsFault, PortDownAndUpAreTold) {
    const auto netdevs = words_of("REMIT_RDMA_NETDEVS");
    if (netdevs.empty()) GTEST_SKIP() << "REMIT_RDMA_NETDEVS names no link that may be taken down";
    run_in_child([&] {
        VerbsOptions options;
        options.device = device_name(0);
        const auto fabric = open_verbs(options);
        ASSERT_EQ(set_link(netdevs[0], "down"), 0);
        const auto down = wait_for_event(*fabric, AsyncEvent::Kind::port_down);
        EXPECT_TRUE(down);
        EXPECT_EQ(down ? down->text.rfind(device_name(0), 0) : 0, 0U);
        ASSERT_EQ(set_link(netdevs[0], "up"), 0);
        EXPECT_TRUE(wait_for_event(*fabric, AsyncEvent::Kind::port_up));
    });
    // The link works as before, for whatever runs next.
    for (const Case& test : conformance_cases()) {
        if (std::string(test.name) == "WriteWithImmediate") run_on_two_devices(test);
    }
}

}  // namespace
}  // namespace remit::fabric::test
