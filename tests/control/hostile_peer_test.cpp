#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <remit/error.hpp>

#include <random>
#include <string>
#include <zmq.hpp>

#include "channel_fixture.hpp"

namespace remit::control::test {
namespace {

/// A TCP connection that speaks no ZMTP.
class RawConnection {
public:
    explicit RawConnection(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~RawConnection() { close(socket_); }
    RawConnection(const RawConnection&) = delete;
    RawConnection& operator=(const RawConnection&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    /// The other end may have hung up already, which is fine.
    void say(const std::string& bytes) const {
        static_cast<void>(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }

private:
    int socket_;
    bool connected_ = false;
};

/// A peer that speaks ZMTP and keeps to none of our limits.
class RudePeer {
public:
    explicit RudePeer(std::uint16_t port) : socket_(context_, zmq::socket_type::push) {
        socket_.set(zmq::sockopt::linger, 0);
        socket_.set(zmq::sockopt::sndtimeo, static_cast<int>(kPatience.count()));
        socket_.connect(format_endpoint("127.0.0.1", port));
    }
    void send(const Frames& frames) {
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const bool last = i + 1 == frames.size();
            socket_.send(zmq::buffer(frames[i]), last ? zmq::send_flags::none : zmq::send_flags::sndmore);
        }
    }

private:
    zmq::context_t context_{1};
    zmq::socket_t socket_;
};

/// ZeroMQ takes bytes without a greeting for its oldest protocol, so garbage may come out as a message: it is the
/// codec's to refuse, and the honest message comes all the same.
void expect_alive(Channel& channel) {
    auto friendly = open_loopback();
    ASSERT_EQ(friendly->send(peer_of(channel), {"honest"}), SendResult::queued);
    std::string heard;
    do {
        heard = first_frame(channel);
    } while (heard != "honest" && heard != "(nothing)");
    EXPECT_EQ(heard, "honest");
}

TEST(HostilePeer, GarbageOnThePortKillsNothing) {
    auto channel = open_loopback();
    std::mt19937 random(7);
    for (int i = 0; i < 20; ++i) {
        const RawConnection connection(channel->port());
        ASSERT_TRUE(connection.connected());
        std::string bytes(1 + random() % 5000, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        connection.say(bytes);
    }
    const RawConnection http(channel->port());
    http.say("GET / HTTP/1.1\r\n\r\n");
    const RawConnection silent(channel->port());
    expect_alive(*channel);
}

TEST(HostilePeer, AGreetingThatBreaksOffKillsNothing) {
    auto channel = open_loopback();
    const std::string greeting = std::string("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16) + std::string(48, '\0');
    for (std::size_t length = 1; length <= greeting.size(); length += 7) {
        const RawConnection connection(channel->port());
        connection.say(greeting.substr(0, length));
    }
    const RawConnection whole(channel->port());
    whole.say(greeting + std::string("\x02\xff\xff\xff\xff\xff\xff\xff\xff", 9) + std::string(1000, 'x'));
    EXPECT_FALSE(next(*channel, kSilence));
    expect_alive(*channel);
}

TEST(HostilePeer, AFrameOverTheLimitClosesThatConnectionOnly) {
    auto channel = open_zmq({.max_message_bytes = 1000});
    RudePeer rude(channel->port());
    rude.send({std::string(1001, 'x')});
    EXPECT_FALSE(next(*channel, kSilence));
    expect_alive(*channel);
}

TEST(HostilePeer, FramesThatAddUpToMoreThanTheLimitAreDroppedAndCounted) {
    auto channel = open_zmq({.max_message_bytes = 1000});
    RudePeer rude(channel->port());
    rude.send({std::string(600, 'x'), std::string(600, 'y')});
    rude.send({std::string(1000, 'z')});
    EXPECT_EQ(first_frame(*channel), std::string(1000, 'z'));
    EXPECT_EQ(channel->counters().too_many_bytes, 1U);
    expect_alive(*channel);
}

TEST(HostilePeer, AMessageOfTooManyFramesIsDroppedAndCounted) {
    auto channel = open_loopback();
    RudePeer rude(channel->port());
    rude.send(Frames(kMaxFrames + 1, "x"));
    rude.send(Frames(100000, ""));
    rude.send(Frames(kMaxFrames, "y"));
    const auto message = next(*channel);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->frames, Frames(kMaxFrames, "y"));
    EXPECT_EQ(channel->counters().too_many_frames, 2U);
    EXPECT_EQ(channel->counters().received, 1U);
}

TEST(HostilePeer, AFloodOfBadMessagesLetsTheCallerLookAtItsClock) {
    auto channel = open_loopback();
    RudePeer rude(channel->port());
    constexpr std::uint64_t kFlood = 1000;
    for (std::uint64_t i = 0; i < kFlood; ++i) rude.send(Frames(kMaxFrames + 1, ""));
    rude.send({"at last"});
    EXPECT_EQ(first_frame(*channel), "at last");
    EXPECT_EQ(channel->counters().too_many_frames, kFlood);
}

TEST(HostilePeer, AMessageThatNeverEndsIsNeverSeen) {
    auto channel = open_loopback();
    zmq::context_t context{1};
    zmq::socket_t socket(context, zmq::socket_type::push);
    socket.set(zmq::sockopt::linger, 0);
    socket.connect(format_endpoint("127.0.0.1", channel->port()));
    for (int i = 0; i < 1000; ++i) socket.send(zmq::str_buffer("more"), zmq::send_flags::sndmore);
    EXPECT_FALSE(next(*channel, kSilence));
    expect_alive(*channel);
}

TEST(HostilePeer, EmptyFramesAreHandedOn) {
    auto channel = open_loopback();
    RudePeer rude(channel->port());
    rude.send({""});
    const auto message = next(*channel);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->frames, Frames{""});
}

TEST(HostilePeer, OurOwnMessagesKeepToTheLimits) {
    auto channel = open_loopback();
    EXPECT_THROW(channel->send(peer_of(*channel), {}), Error);
    EXPECT_THROW(channel->send(peer_of(*channel), Frames(kMaxFrames + 1, "x")), Error);
}

}  // namespace
}  // namespace remit::control::test
