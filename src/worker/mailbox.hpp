#pragma once

#include "base/complaints.hpp"
#include "control/channel.hpp"
#include "protocol/codec.hpp"

#include <remit/options.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace remit::worker {

/// The control channel in terms of messages: stamps return addresses, drops and counts what does not parse, checks that
/// a return address is its sender's own. Owned by one thread.
class Mailbox {
public:
    Mailbox(control::Channel& channel, std::vector<std::string> allowed_return_addresses);

    struct Counters {
        std::array<std::uint64_t, protocol::kDecodeFaults> undecodable{};
        std::uint64_t foreign_return_addresses = 0;
    };

    /// `connection` tells the peer's incarnations apart. The message gets its return address.
    template <class Message>
    control::SendResult send(const protocol::PeerAddress& to, std::uint64_t connection, Message&& message) {
        stamp(message);
        protocol::encode(message, sent_);
        return post(to, connection);
    }
    void forget(const protocol::PeerAddress& to, std::uint64_t connection);

    /// The next message that parses, if any. Nothing also after a bounded number of others: the channel is not drained()
    /// then.
    std::optional<protocol::ToEmbedding> receive_for_embedding();
    std::optional<protocol::ToLanguage> receive_for_language();
    /// The memory of a message that nobody reads any more serves later ones.
    void reuse(protocol::ToEmbedding& message);

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] control::Channel& channel() noexcept { return channel_; }

    /// Why a message was not sent, for people.
    [[nodiscard]] static std::string why(control::SendResult result);
    /// What peers do wrong: they must not fill the log.
    [[nodiscard]] Complaints& complaints() noexcept { return complaints_; }

private:
    template <class Message>
    void stamp(Message& message) {
        std::visit(
            [this](auto& m) {
                if constexpr (requires { m.from; }) m.from = {channel_.ip(), channel_.port()};
            },
            message);
    }
    template <class Message, class Decode>
    std::optional<Message> receive(Decode decode);
    control::SendResult post(const protocol::PeerAddress& to, std::uint64_t connection);
    void count(const protocol::DecodeError& error, const std::string& sender);
    [[nodiscard]] bool is_own(const std::string& claimed, const std::string& sender) const;

    control::Channel& channel_;
    std::vector<std::string> allowed_;
    // Used again for each message: no heap in steady state.
    protocol::Frames sent_;
    control::Received received_;
    BlockTable spare_;
    Counters counters_;
    Complaints complaints_;
};

}  // namespace remit::worker
