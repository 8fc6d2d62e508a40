// <remit/bootstrap.hpp>, as an engine that links it uses it.

#include <remit/bootstrap.hpp>

#include "bootstrap/route_server.hpp"
#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

namespace remit::bootstrap::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Peer kPeer{"127.0.0.1", 7700, std::string(40, 'k')};

/// What a registration said, for tests that wait for it.
class Told {
public:
    void operator()(bool known, const std::string& what) {
        const std::lock_guard lock(mutex_);
        all_.emplace_back(known, what);
    }
    [[nodiscard]] std::vector<std::pair<bool, std::string>> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::pair<bool, std::string>> all_;
};

class OfAServer : public testing::Test {
protected:
    std::unique_ptr<RouteServer> server_ = std::make_unique<RouteServer>(listen_address_of("127.0.0.1:0"));
    const PeerDirectory directory_{server_->url()};
};

TEST_F(OfAServer, AWorkerIsFoundByItsRank) {
    EXPECT_EQ(directory_.name(), server_->url());
    EXPECT_EQ(directory_.find(), std::nullopt);
    const PeerRegistration first = directory_.register_worker(kPeer);
    const PeerRegistration other = directory_.register_worker(peer_at("tcp://[::1]:7701"), {.rank = {1, 0, 2}, .sizes = {2, 1, 3}});
    EXPECT_EQ(directory_.find(), kPeer);
    EXPECT_EQ(endpoint_of(directory_.wait_for({1, 0, 2}, milliseconds(0))), "tcp://[::1]:7701");
    EXPECT_EQ(directory_.find({0, 0, 2}), std::nullopt);
}

TEST_F(OfAServer, AWaitEndsWhenTheWorkerComes) {
    std::optional<PeerRegistration> registration;
    std::thread later([&] { registration = directory_.register_worker(kPeer); });
    EXPECT_EQ(directory_.wait_for({}, seconds(30)), kPeer);
    later.join();
    EXPECT_THAT(refusal([&] { static_cast<void>(directory_.wait_for({3, 0, 0}, milliseconds(1))); }),
                AllOf(HasSubstr("rank (tp 3, dp 0, pp 0) at " + server_->url()), HasSubstr("within 1 ms")));
}

TEST_F(OfAServer, ThreadsMayShareAHandle) {
    const PeerRegistration registration = directory_.register_worker(kPeer);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([copy = directory_] {
            for (int round = 0; round < 20; ++round) EXPECT_EQ(copy.find(), kPeer);
        });
    }
    for (std::thread& thread : threads) thread.join();
}

TEST_F(OfAServer, LossAndReturnAreToldOnceEach) {
    const auto told = std::make_shared<Told>();
    std::optional<PeerRegistration> registration = directory_.register_worker(
        kPeer, {.lifetime = seconds(1), .on_change = [told](bool known, const std::string& what) { (*told)(known, what); }});
    const Url at = url_of(server_->url());
    server_.reset();
    ASSERT_TRUE(comes_true([&] { return told->all().size() == 1; }));
    EXPECT_FALSE(told->all()[0].first);
    EXPECT_THAT(told->all()[0].second, AllOf(HasSubstr("PUT /route"), HasSubstr("sessions go on")));
    server_ = std::make_unique<RouteServer>(at);
    ASSERT_TRUE(comes_true([&] { return directory_.find() == kPeer; }));
    ASSERT_TRUE(comes_true([&] { return told->all().size() == 2; }));
    EXPECT_TRUE(told->all()[1].first);
    // Moved on, it goes on; at its end nothing more is said again.
    PeerRegistration moved = std::move(*registration);
    registration.reset();
    server_ = nullptr;
    server_ = std::make_unique<RouteServer>(at);
    EXPECT_TRUE(comes_true([&] { return directory_.find() == kPeer; }));
}

TEST_F(OfAServer, WhatCannotBeRegisteredIsNamed) {
    const auto refused = [&](const Peer& peer, const RegistrationOptions& options) {
        return refusal([&] { static_cast<void>(directory_.register_worker(peer, options)); });
    };
    EXPECT_THAT(refused({"host", 1}, {}), HasSubstr("\"host\" is not numeric"));
    EXPECT_THAT(refused({"127.0.0.1", 0}, {}), HasSubstr("the port is 0"));
    EXPECT_THAT(refused(kPeer, {.rank = {2, 0, 0}, .sizes = {2, 1, 1}}), HasSubstr("rank.tp is 2; permitted: less than sizes.tp"));
    EXPECT_THAT(refused(kPeer, {.sizes = {1, 0, 1}}), HasSubstr("sizes.dp is 0; permitted: 1 to 65536"));
    EXPECT_THAT(refused(kPeer, {.sizes = {1, 1, kMostRanks + 1}}), HasSubstr("sizes.pp is 65537"));
    EXPECT_THAT(refused(kPeer, {.lifetime = seconds(0)}), HasSubstr("lifetime is 0 s; permitted: 1 to 86400"));
    EXPECT_EQ(server_->ranks(), 0U);
}

TEST(PeerDirectories, AreAddressesOrFiles) {
    EXPECT_EQ(PeerDirectory("etcd://127.0.0.1:2379/a").name(), "etcd://127.0.0.1:2379/a");
    EXPECT_THAT(refusal([] { PeerDirectory none("ftp://127.0.0.1:1"); }), HasSubstr("permitted: http://HOST:PORT"));
    EXPECT_THAT(refusal([] { PeerDirectory none("/nonexistent.toml"); }), HasSubstr("/nonexistent.toml"));
    EXPECT_THAT(refusal([] { PeerDirectory none("http://127.0.0.1:1", {.timeout = milliseconds(0)}); }),
                HasSubstr("timeout is 0 ms; permitted: 1 to 600000"));
    const auto path = std::filesystem::temp_directory_path() / ("remit_directory_" + std::to_string(getpid()) + ".toml");
    std::ofstream(path) << "[[peer]]\nendpoint = 'tcp://127.0.0.1:7700'\npublic_key = '" << kPeer.public_key << "'\n";
    const PeerDirectory file(path.string());
    EXPECT_EQ(file.find(), kPeer);
    try {
        static_cast<void>(file.register_worker(kPeer));
        ADD_FAILURE() << "a file took a registration";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::misuse);
    }
    std::filesystem::remove(path);
}

/// Takes connections and does no more.
class Listener {
public:
    Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
        EXPECT_EQ(listen(socket_, 4), 0);
        EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        authority_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    }
    ~Listener() { close(socket_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    [[nodiscard]] const std::string& authority() const noexcept { return authority_; }
    [[nodiscard]] int accepted() const { return accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }

private:
    int socket_;
    std::string authority_;
};

void expect_given_up(const Listener& listener, const std::string& why) {
    const PeerDirectory directory("http://" + listener.authority(), {.timeout = milliseconds(50)});
    try {
        static_cast<void>(directory.find());
        ADD_FAILURE() << "an answer came from nowhere";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::environment);
        EXPECT_THAT(error.what(), AllOf(HasSubstr(listener.authority()), HasSubstr(why)));
    }
}

TEST(PeerDirectories, ThatDoNotAnswerAreGivenUp) { expect_given_up(Listener(), "no answer within the timeout"); }

TEST(PeerDirectories, WhoseAnswerDripsAreGivenUp) {
    const Listener listener;
    std::thread server([&] {
        const int peer = listener.accepted();
        const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
        EXPECT_EQ(send(peer, head.data(), head.size(), MSG_NOSIGNAL), static_cast<ssize_t>(head.size()));
        // A byte every few milliseconds, each well within the timeout, until the other side has had enough.
        pollfd hung_up{peer, POLLRDHUP, 0};
        while (send(peer, "x", 1, MSG_NOSIGNAL) == 1 && poll(&hung_up, 1, 2) == 0) {
        }
        close(peer);
    });
    expect_given_up(listener, "too long or too slow");
    server.join();
}

}  // namespace
}  // namespace remit::bootstrap::test
