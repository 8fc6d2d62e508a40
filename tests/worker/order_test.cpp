// What a user did before a message was sent is seen before that message, on whatever ways the two come.

#include "raw_peer.hpp"

#include "memory/host_copy.hpp"
#include "memory/host_memory.hpp"
#include "worker/embedding/core.hpp"

#include <deque>
#include <functional>

namespace remit::worker::test {
namespace {

constexpr RoomId kRoom = 7;

/// A control channel whose messages come when the test says so; what is sent stays here.
class ScriptedChannel final : public control::Channel {
public:
    struct Arrival {
        control::Frames frames;
        std::function<void()> just_before;  ///< what happened elsewhere before the message was sent
    };

    [[nodiscard]] const std::string& ip() const noexcept override { return ip_; }
    [[nodiscard]] std::uint16_t port() const noexcept override { return 1; }
    control::SendResult send(const control::Peer&, const control::Frames& frames) override {
        sent.push_back(frames);
        return control::SendResult::queued;
    }
    void forget(const control::Peer&) override {}
    using Channel::receive;
    bool receive(control::Received& message) override {
        if (arrivals.empty()) return false;
        const Arrival arrival = std::move(arrivals.front());
        arrivals.pop_front();
        if (arrival.just_before) arrival.just_before();
        message = {arrival.frames, "127.0.0.1"};
        return true;
    }
    [[nodiscard]] int descriptor() const noexcept override { return -1; }

    /// The last message of that kind.
    template <class Message>
    [[nodiscard]] std::optional<Message> last() const {
        for (auto it = sent.rbegin(); it != sent.rend(); ++it) {
            const auto decoded = protocol::decode_for_language(*it);
            if (decoded && std::holds_alternative<Message>(*decoded)) return std::get<Message>(*decoded);
        }
        return std::nullopt;
    }

    std::deque<Arrival> arrivals;
    std::vector<control::Frames> sent;

private:
    std::string ip_ = "127.0.0.1";
};

class Order : public testing::Test {
protected:
    Order() : peer_("tcp://127.0.0.1:9", kNetwork) { core_.step(now_); }
    ~Order() override {
        inbox_.post(StopEmbedding{});
        for (int i = 0; i < 100 && !core_.stopped(); ++i) step();
        EXPECT_TRUE(core_.stopped());
    }

    void step() {
        core_.woken({true, true, true});
        core_.step(now_ += std::chrono::milliseconds(1));
    }
    template <class Message>
    void arrives(Message message, std::function<void()> just_before = {}) {
        message.from = {"127.0.0.1", 2};
        channel_.arrivals.push_back({protocol::encode(protocol::ToEmbedding(message)), std::move(just_before)});
    }
    std::shared_ptr<SendRecord> send_of(std::uint64_t tokens) {
        auto record = std::make_shared<SendRecord>();
        record->id = 1;
        record->room = kRoom;
        record->total = tokens;
        return record;
    }
    protocol::embedding::Config config() const {
        protocol::embedding::Config config;
        config.layout = layout_.shape();
        config.max_message = 1 << 20;
        return config;
    }

    static constexpr const char* kNetwork = "order";
    Layout layout_ = small_layout();
    protocol::Time now_{std::chrono::seconds(1)};
    ScriptedChannel channel_;
    Mailbox mailbox_{channel_, {}};
    std::unique_ptr<fabric::Fabric> fabric_ = fabric::open_loopback(kNetwork);
    memory::HostMemory memory_;
    memory::HostCopyExecutor copies_;
    EmbeddingInbox inbox_;
    embedding::Core core_{config(), {}, layout_, *fabric_, mailbox_, memory_, copies_, inbox_, [](RoomId) {}};
    FakeLanguage peer_;
};

TEST_F(Order, ASendThatCameBeforeAnInitIsMetByIt) {
    arrives(peer_.registration());
    step();
    const auto registered = channel_.last<protocol::Registered>();
    ASSERT_TRUE(registered);
    peer_.incarnation = registered->incarnation;
    inbox_.post(RejectRoom{kRoom, "an earlier request of this room"});
    step();
    // The message is already being taken when the new send is posted, which its sender had waited for.
    arrives(peer_.init(kRoom, 1, {}, 0), [&] { inbox_.post(BeginSend{send_of(500)}); });
    step();
    const auto status = channel_.last<protocol::StatusReport>();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->status, Status::WaitingForInput) << status->reason;
    EXPECT_EQ(status->total_tokens, 500u);
}

}  // namespace
}  // namespace remit::worker::test
