#pragma once

#include "control/channel.hpp"
#include "fabric/fabric.hpp"
#include "memory/host_buffer.hpp"
#include "pair.hpp"
#include "protocol/codec.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Peers written by hand, which say what a worker never would.
namespace remit::worker::test {

/// A socket that sends whatever it is told to.
class RawPeer {
public:
    explicit RawPeer(const std::string& endpoint);

    void send(const control::Frames& frames);
    void send(protocol::ToEmbedding message);
    /// To someone else than the one it was made for.
    void answer(const protocol::PeerAddress& to, const protocol::ToLanguage& message);
    /// The next message, or nothing by the deadline.
    [[nodiscard]] std::optional<control::Received> next(long milliseconds = 10'000);
    /// The next message that `wanted` takes; others are dropped.
    template <class Message, class Any>
    [[nodiscard]] std::optional<Message> next_of(Any decode, const std::function<bool(const Message&)>& wanted) {
        const auto deadline = std::chrono::steady_clock::now() + scaled(10'000);
        while (std::chrono::steady_clock::now() < deadline) {
            const auto received = next();
            if (!received) return std::nullopt;
            const auto message = decode(received->frames);
            if (!message) continue;
            const auto* one = std::get_if<Message>(&*message);
            if (one != nullptr && wanted(*one)) return *one;
        }
        return std::nullopt;
    }
    template <class Message>
    [[nodiscard]] std::optional<Message> as_language(const std::function<bool(const Message&)>& wanted =
                                                         [](const Message&) { return true; }) {
        return next_of<Message>([](const auto& f) { return protocol::decode_for_language(f); }, wanted);
    }
    template <class Message>
    [[nodiscard]] std::optional<Message> as_embedding(const std::function<bool(const Message&)>& wanted =
                                                          [](const Message&) { return true; }) {
        return next_of<Message>([](const auto& f) { return protocol::decode_for_embedding(f); }, wanted);
    }
    [[nodiscard]] protocol::PeerAddress address() const { return {channel_->ip(), channel_->port()}; }
    [[nodiscard]] std::string endpoint() const { return control::format_endpoint(channel_->ip(), channel_->port()); }

private:
    std::unique_ptr<control::Channel> channel_;
    control::Peer peer_;
};

/// A language worker written by hand, with real queue pairs and a real pool on a loopback network.
class FakeLanguage {
public:
    /// `offset`: bytes from the beginning of a page to the pool.
    FakeLanguage(const std::string& endpoint, const std::string& network, const Layout& layout = small_layout(),
                 std::uint32_t blocks = 16, std::uint64_t offset = 0);
    ~FakeLanguage();

    /// A REGISTER that is as it should be.
    [[nodiscard]] protocol::Register registration();
    /// Registers and connects.
    void expect_registered();
    [[nodiscard]] protocol::SessionId id(std::uint64_t attempt) const { return {session, 1, attempt, incarnation}; }
    [[nodiscard]] protocol::Init init(RoomId room, std::uint64_t attempt, BlockTable blocks,
                                      std::uint64_t tokens) const;
    [[nodiscard]] protocol::Resume resume(RoomId room, std::uint64_t attempt, BlockTable blocks, std::uint64_t sent,
                                          std::uint64_t tokens) const;
    [[nodiscard]] std::optional<protocol::StatusReport> status_of(std::uint64_t attempt, Status status);
    /// Not one byte of the pool has been written.
    [[nodiscard]] bool pool_is_untouched() const;
    /// Nor of the blocks that are not in `table`, nor beside the pool.
    [[nodiscard]] bool others_are_untouched(const BlockTable& table) const;
    /// "" where `table` holds that content from its first token on.
    [[nodiscard]] std::string first_wrong_row(const Content& content, const BlockTable& table) const;

    RawPeer raw;
    std::uint64_t session = 4242;
    std::uint64_t incarnation = 0;

private:
    Layout layout_;
    memory::HostBuffer buffer_;
    std::unique_ptr<fabric::Fabric> fabric_;
    std::unique_ptr<fabric::MemoryRegion> region_;
    std::unique_ptr<fabric::CompletionQueue> completions_;
    std::unique_ptr<fabric::ReceiveQueue> receives_;
    std::unique_ptr<fabric::QueuePair> queue_pair_;
    BlockMap pool_;
};

}  // namespace remit::worker::test
