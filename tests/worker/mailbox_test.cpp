// What a worker makes of messages that do not parse: counted by kind, logged at a bounded rate, dropped.

#include "log_capture.hpp"

#include "worker/mailbox.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace remit::worker::test {
namespace {

using protocol::DecodeFault;

/// A channel that hands out what the test has put into it.
class Script final : public control::Channel {
public:
    [[nodiscard]] const std::string& ip() const noexcept override { return ip_; }
    [[nodiscard]] std::uint16_t port() const noexcept override { return 1; }
    control::SendResult send(const control::Peer&, const control::Frames&) override {
        return control::SendResult::queued;
    }
    void forget(const control::Peer&) override {}
    using Channel::receive;
    bool receive(control::Received& message) override {
        if (messages.empty()) return false;
        message = {std::move(messages.front()), "10.0.0.9"};
        messages.pop_front();
        return true;
    }
    [[nodiscard]] int descriptor() const noexcept override { return -1; }

    std::deque<control::Frames> messages;

private:
    std::string ip_ = "127.0.0.1";
};

const std::vector<std::pair<DecodeFault, control::Frames>>& spoilt() {
    static const std::vector<std::pair<DecodeFault, control::Frames>> messages{
        {DecodeFault::frame_count, {"1"}},
        {DecodeFault::frame_size, {"1", "", "7", "1.1.1.1", "0", "1", "128"}},
        {DecodeFault::not_a_number, {"one", "10.0.0.9", "7", "1.1.1.1", "0", "1", "128"}},
        {DecodeFault::out_of_range, {std::string(400, '9'), "10.0.0.9", "7", "1.1.1.1", "0", "1", "128"}},
        {DecodeFault::unknown_word, {"1", "10.0.0.9", "7", "1.1.1.1", "stop"}},
        {DecodeFault::version, {"None", "10.0.0.9", "7"}},
        {DecodeFault::bad_json, {"None", "10.0.0.9", "7", "1.1.0.0", std::string(32, '\0'), "remit/1", "{"}}};
    return messages;
}

TEST(Mailbox, WhatDoesNotParseIsCountedByKindLoggedOnceASecondAndDropped) {
    constexpr std::uint64_t kTimes = 200;
    Script channel;
    for (std::uint64_t i = 0; i < kTimes; ++i) {
        for (const auto& [fault, frames] : spoilt()) channel.messages.push_back(frames);
    }
    channel.messages.push_back({"None", "ping", "10.0.0.9", "7", "1.1.0.1", "5", "1"});
    const LogCapture log;
    Mailbox mailbox(channel, {});
    const auto begin = std::chrono::steady_clock::now();
    auto message = mailbox.receive_for_embedding();
    while (!message && !channel.messages.empty()) message = mailbox.receive_for_embedding();
    const auto seconds =
        static_cast<std::size_t>((std::chrono::steady_clock::now() - begin) / std::chrono::seconds(1)) + 1;
    ASSERT_TRUE(message) << "the message after the bad ones is handed out";
    EXPECT_EQ(std::get<protocol::Ping>(*message).sequence, 5U);
    for (const auto& [fault, frames] : spoilt()) {
        const std::string kind(to_string(fault));
        EXPECT_EQ(mailbox.counters().undecodable.at(static_cast<std::size_t>(fault)), kTimes) << kind;
        EXPECT_GE(log.count("message from 10.0.0.9 dropped: " + kind), 1U) << kind;
        EXPECT_LE(log.count("message from 10.0.0.9 dropped: " + kind), seconds) << kind;
    }
}

TEST(Mailbox, NoiseWithoutAnEndKeepsNobodyFromItsOtherWork) {
    constexpr std::size_t kNoise = 100'000;
    Script channel;
    for (std::size_t i = 0; i < kNoise; ++i) channel.messages.push_back({"1"});
    channel.messages.push_back({"None", "ping", "10.0.0.9", "7", "1.1.0.1", "5", "1"});
    Mailbox mailbox(channel, {});
    std::size_t left = channel.messages.size();
    for (bool heard = false; !heard; left = channel.messages.size()) {
        heard = mailbox.receive_for_embedding().has_value();
        ASSERT_LT(channel.messages.size(), left) << "it must get on";
        ASSERT_LE(left - channel.messages.size(), 1000U) << "dropped in one call";
    }
    EXPECT_EQ(left, 0U);
}

TEST(Mailbox, AReturnAddressThatIsAnothersIsCountedAndTheMessageDropped) {
    Script channel;
    channel.messages.push_back({"None", "ping", "10.0.0.8", "7", "1.1.0.1", "5", "1"});
    const LogCapture log;
    Mailbox mailbox(channel, {});
    EXPECT_FALSE(mailbox.receive_for_embedding());
    EXPECT_EQ(mailbox.counters().foreign_return_addresses, 1U);
    EXPECT_EQ(log.count("its return address 10.0.0.8 is not its own"), 1U);
    // Allowed by name, it is taken.
    channel.messages.push_back({"None", "ping", "10.0.0.8", "7", "1.1.0.1", "5", "1"});
    Mailbox lenient(channel, {"10.0.0.8"});
    EXPECT_TRUE(lenient.receive_for_embedding());
}

}  // namespace
}  // namespace remit::worker::test
