#pragma once

#include "control/channel.hpp"

#include <deque>
#include <set>
#include <string>
#include <utility>

namespace remit::fuzz {

inline constexpr const char* kAddress = "127.0.0.1";

/// One worker's end of the control channel, in memory: what it sends waits in `sent`, what it is to receive in `inbound`.
class Wire final : public control::Channel {
public:
    struct Sent {
        control::Peer to;
        control::Frames frames;
    };

    explicit Wire(std::uint16_t port) : port_(port) {}

    [[nodiscard]] const std::string& ip() const noexcept override { return ip_; }
    [[nodiscard]] std::uint16_t port() const noexcept override { return port_; }
    control::SendResult send(const control::Peer& peer, const control::Frames& frames) override {
        if (refusals > 0) {
            --refusals;
            return refusal;
        }
        connections.insert(peer);
        sent.push_back({peer, frames});
        return control::SendResult::queued;
    }
    void forget(const control::Peer& peer) override { connections.erase(peer); }
    using Channel::receive;
    bool receive(control::Received& message) override {
        if (inbound.empty()) return false;
        message = std::move(inbound.front());
        inbound.pop_front();
        return true;
    }
    [[nodiscard]] int descriptor() const noexcept override { return -1; }

    std::deque<Sent> sent;
    std::deque<control::Received> inbound;
    std::set<control::Peer> connections;  ///< open: sent to and not forgotten
    unsigned refusals = 0;                ///< sends that are refused from now on
    control::SendResult refusal = control::SendResult::overflow;

private:
    std::string ip_ = kAddress;
    std::uint16_t port_;
};

}  // namespace remit::fuzz
