// Messages that are none, sent to a worker that serves honest peers meanwhile: those must not notice.

#include "raw_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

namespace remit::worker::test {
namespace {

using Messages = std::vector<control::Frames>;

/// Each frame of a legal message replaced in turn by what no field may hold.
Messages spoilt(const control::Frames& legal) {
    const std::vector<std::string> values{"",
                                          " ",
                                          "-1",
                                          "+1",
                                          "x",
                                          "1.5",
                                          "0x10",
                                          "1e3",
                                          "\xff\xfe",
                                          "\xd9\xa1",
                                          std::string(400, '9'),
                                          "18446744073709551616",
                                          "9223372036854775808",
                                          std::string("1\0", 2),
                                          std::string(1'000'000, 'z'),
                                          std::string(1'000'000, '1'),
                                          "1,,2",
                                          ",",
                                          "None"};
    Messages out;
    for (std::size_t i = 0; i < legal.size(); ++i) {
        for (const std::string& value : values) {
            out.push_back(legal);
            out.back()[i] = value;
        }
    }
    for (std::size_t count = 0; count < legal.size(); ++count)
        out.push_back({legal.begin(), legal.begin() + static_cast<std::ptrdiff_t>(count)});
    for (const std::size_t extra : {1U, 2U, 20U, 50U}) {
        out.push_back(legal);
        for (std::size_t i = 0; i < extra; ++i) out.back().push_back("1");
    }
    return out;
}

Messages random_garbage(std::uint64_t seed, int count) {
    std::mt19937_64 random(seed);
    const std::vector<std::string> words{"None",  "remit/1", "ping",      "pong", "close",
                                         "abort", "yield",   "127.0.0.1", "1",    "0"};
    Messages out;
    for (int i = 0; i < count; ++i) {
        control::Frames frames(random() % 10);
        for (std::string& frame : frames) {
            if (random() % 2 == 0) {
                frame = words[random() % words.size()];
            } else {
                frame.resize(random() % 200);
                for (char& c : frame) c = static_cast<char>(random());
            }
        }
        out.push_back(std::move(frames));
    }
    return out;
}

/// Honest rooms, one after the other, until it is told to stop; at least one begins after the last bad message.
class HonestRooms {
public:
    explicit HonestRooms(Pair& pair)
        : thread_([this, &pair] {
              for (std::uint64_t i = 0; !stop_ || i < 3; ++i) pair.expect_transfer({i, 1 + i * 331 % 2500, i}, 1024);
          }) {}
    ~HonestRooms() {
        stop_ = true;
        thread_.join();
    }
    HonestRooms(const HonestRooms&) = delete;
    HonestRooms& operator=(const HonestRooms&) = delete;

private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

/// All of them sent, and proof that the worker has taken the last one: it answers, or was still there to serve.
void bombard(RawPeer& peer, const Messages& messages) {
    for (const control::Frames& frames : messages) {
        if (!frames.empty()) peer.send(frames);
    }
}

class BadFrames : public testing::TestWithParam<const char*> {
protected:
    /// A legal message of each kind to spoil, of a session that nobody has registered.
    static control::Frames legal(const std::string& kind, const RawPeer& peer) {
        const std::string port = std::to_string(peer.address().port);
        if (kind == "register") return {"None", "127.0.0.1", port, "1.1.0.0", std::string(32, '\0'), "remit/1", "{}"};
        if (kind == "init") return {"1", "127.0.0.1", port, "1.1.1.1", "0,1", "1", "256"};
        if (kind == "resume") return {"1", "127.0.0.1", port, "1.1.1.1", "0,1", "1", "0", "256"};
        if (kind == "abort") return {"1", "127.0.0.1", port, "1.1.1.1", "abort"};
        if (kind == "close") return {"None", "close", "127.0.0.1", port, "1.1.0.1", "bye"};
        if (kind == "ping") return {"None", "ping", "127.0.0.1", port, "1.1.0.1", "1", "1"};
        if (kind == "pong") return {"None", "pong", "127.0.0.1", port, "1.1.0.1", "1", "1", "1"};
        if (kind == "status") return {"1", "2", "0", "0", "100", "", "1.1.1.1"};
        if (kind == "aborted") return {"1", "aborted", "0", "1.1.1.1"};
        return {"None", "remit/1", R"({"session":1,"generation":1,"incarnation":1,"lost":"no"})"};
    }
};

TEST_P(BadFrames, AreDroppedByBothWorkers) {
    Pair pair;
    RawPeer to_embedding(pair.endpoint());
    RawPeer to_language(pair.language().endpoint());
    {
        const HonestRooms honest(pair);
        bombard(to_embedding, spoilt(legal(GetParam(), to_embedding)));
        bombard(to_language, spoilt(legal(GetParam(), to_language)));
    }
    // The embedding worker still answers this very peer.
    to_embedding.send(protocol::Ping{.id = {1, 1, 0, 1}, .sequence = 1, .sent_ns = 1});
    const auto answer = to_embedding.as_language<protocol::Registered>(
        [](const protocol::Registered& m) { return std::holds_alternative<protocol::Registered::Lost>(m.answer); });
    EXPECT_TRUE(answer);
    pair.expect_transfer({1, 2000, 7}, 1024);
}

INSTANTIATE_TEST_SUITE_P(, BadFrames,
                         testing::Values("register", "registered", "init", "resume", "abort", "close", "ping", "pong",
                                         "status", "aborted"),
                         [](const auto& test) { return std::string(test.param); });

TEST(Garbage, OfAnyKindDisturbsNobody) {
    Pair pair;
    RawPeer to_embedding(pair.endpoint());
    RawPeer to_language(pair.language().endpoint());
    const HonestRooms honest(pair);
    bombard(to_embedding, random_garbage(1, 3000));
    bombard(to_language, random_garbage(2, 3000));
}

TEST(Garbage, AnEmptyMessageIsOneEmptyFrame) {
    Pair pair;
    RawPeer to_embedding(pair.endpoint());
    RawPeer to_language(pair.language().endpoint());
    const HonestRooms honest(pair);
    for (int i = 0; i < 100; ++i) {
        to_embedding.send(control::Frames{""});
        to_language.send(control::Frames{""});
        to_embedding.send(control::Frames{"", "", "", "", "", "", ""});
        to_language.send(control::Frames{"", "", "", "", "", "", ""});
    }
}

/// ZMTP 3.0 by hand: a PUSH socket that fills all queues between it and the worker, then resets the connection.
void flood_and_reset(const std::string& endpoint) {
    const control::Endpoint peer = control::parse_endpoint(endpoint);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(peer.port);
    ASSERT_EQ(::inet_pton(AF_INET, peer.ip.c_str(), &address.sin_addr), 1);
    ASSERT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    // Greeting: signature, version 3.0, mechanism. READY: a command of 28 bytes with one property.
    std::string hello("\xff\0\0\0\0\0\0\0\0\x7f\3\0NULL", 16);
    hello.resize(64, '\0');
    hello.append("\4\x1a\5READY\x0bSocket-Type\0\0\0\4PUSH", 28);
    ASSERT_EQ(::send(socket, hello.data(), hello.size(), MSG_NOSIGNAL), static_cast<ssize_t>(hello.size()));
    const timeval patience{0, 300'000};  // full is when nothing more is taken for this long
    ASSERT_EQ(::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
    std::string messages;
    for (int i = 0; i < 100; ++i) messages += std::string("\x00\xc8", 2) + std::string(200, 'x');
    while (::send(socket, messages.data(), messages.size(), MSG_NOSIGNAL) > 0) {
    }
    const linger reset{1, 0};
    ASSERT_EQ(::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    ::close(socket);
}

/// ZeroMQ must not look after a connection that it has given up: its heartbeat did, and aborted the process.
TEST(Garbage, AFloodFromAPeerThatGoesWhileTheWorkerIsBusyDisturbsNobody) {
    Pair pair;
    std::atomic<bool> flooded{false};
    std::atomic<bool> busy{false};
    ReceiveOptions options;
    const Tensors tensors(small_layout(), 100);
    const Reception never = pair.language().receive(3, "tcp://127.0.0.1:1");
    options.into = [&](std::uint64_t) {
        busy = true;
        EXPECT_TRUE(comes_true([&] { return flooded.load(); }));
        never.wait_for(std::chrono::milliseconds(3000));  // as long as a slow allocation may take
        return SinkTensors{tensors.addresses()};
    };
    const Outgoing outgoing = pair.send({1, 100});
    const Reception reception = pair.language().receive(1, pair.endpoint(), options);
    ASSERT_TRUE(comes_true([&] { return busy.load(); }));
    flood_and_reset(pair.language().endpoint());
    flooded = true;
    EXPECT_EQ(reception.wait_for(scaled(20'000)), Status::Success) << reception.reason();
    outgoing.expect_success();
    pair.expect_transfer({2, 2000}, 1024);
}

TEST(Strangers, EveryMessageOfAnUnknownSessionIsAnsweredLost) {
    Pair pair;
    RawPeer peer(pair.endpoint());
    const protocol::SessionId id{99, 1, 1, 1};
    const std::vector<protocol::ToEmbedding> messages{
        protocol::Init{.room = 1, .id = id, .blocks = {0}, .allocated_tokens = 128},
        protocol::Resume{.room = 1, .id = id, .blocks = {0}, .allocated_tokens = 128},
        protocol::Abort{.room = 1, .id = id}, protocol::Ping{.id = id}, protocol::Close{.id = id, .reason = "x"}};
    for (const protocol::ToEmbedding& message : messages) {
        peer.send(message);
        const auto answer = peer.as_language<protocol::Registered>();
        ASSERT_TRUE(answer) << message.index();
        EXPECT_TRUE(std::holds_alternative<protocol::Registered::Lost>(answer->answer)) << message.index();
        EXPECT_EQ(answer->session, 99U);
    }
    pair.expect_transfer({1, 2000}, 1024);
}

TEST(Strangers, AReturnAddressThatIsNotTheirsGetsNoAnswer) {
    Pair pair;
    RawPeer peer(pair.endpoint());
    // 127.0.0.2 is another host as far as the worker knows.
    peer.send(control::Frames{"None", "ping", "127.0.0.2", std::to_string(peer.address().port), "5.1.0.1", "1", "1"});
    peer.send(protocol::Ping{.id = {6, 1, 0, 1}});
    const auto answer = peer.as_language<protocol::Registered>();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->session, 6U);
}

TEST(Strangers, AThousandSessionsOfTheDeadLeaveRoomForTheLiving) {
    PairOptions options;
    options.embedding.limits.peers = 8;
    Pair pair(options);
    RawPeer peer(pair.endpoint());
    for (std::uint64_t session = 1; session <= 1000; ++session) {
        peer.send(protocol::Ping{.id = {session, 1, 0, 1}});
        peer.send(protocol::Close{.id = {session, 7, 0, 1}, .reason = "gone"});
    }
    pair.expect_transfer({1, 2000}, 1024);
}

}  // namespace
}  // namespace remit::worker::test
