#include "raw_peer.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>

namespace remit::worker::test {
namespace {

constexpr std::byte kPaint{0x3c};

}  // namespace

RawPeer::RawPeer(const std::string& endpoint) : channel_(control::open_zmq({.max_message_bytes = 1u << 30})) {
    const control::Endpoint peer = control::parse_endpoint(endpoint);
    peer_ = {peer.ip, peer.port, 1};
}

void RawPeer::send(const control::Frames& frames) {
    EXPECT_EQ(channel_->send(peer_, frames), control::SendResult::queued);
}

void RawPeer::send(protocol::ToEmbedding message) {
    std::visit([this](auto& m) { m.from = address(); }, message);
    send(protocol::encode(message));
}

void RawPeer::answer(const protocol::PeerAddress& to, const protocol::ToLanguage& message) {
    EXPECT_EQ(channel_->send({to.ip, to.port, 1}, protocol::encode(message)), control::SendResult::queued);
}

std::optional<control::Received> RawPeer::next(long milliseconds) {
    const auto deadline = std::chrono::steady_clock::now() + scaled(milliseconds);
    while (true) {
        if (auto message = channel_->receive()) return message;
        if (!channel_->drained()) continue;
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd descriptor{channel_->descriptor(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&descriptor, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
    }
}

FakeLanguage::FakeLanguage(const std::string& endpoint, const std::string& network, const Layout& layout,
                           std::uint32_t blocks, std::uint64_t offset)
    : raw(endpoint),
      layout_(layout),
      buffer_(pool_bytes(layout, blocks) + 2 * offset),
      fabric_(fabric::open_loopback(network)),
      region_(fabric_->register_memory(buffer_.data(), buffer_.size(), fabric::Access::remote_write)),
      completions_(fabric_->create_completion_queue(256)),
      receives_(fabric_->create_receive_queue(64)),
      queue_pair_(fabric_->create_queue_pair({completions_.get(), completions_.get(), receives_.get(), 1})),
      pool_(place_pool(layout, blocks, buffer_.address() + offset)) {
    std::memset(buffer_.data(), static_cast<int>(kPaint), buffer_.size());
    pool_.registrations = {{region_->address(), region_->length(), region_->remote_key()}};
    for (SegmentMap& segment : pool_.segments) segment.registration = 0;
    receives_->post(receives_->depth());
}

FakeLanguage::~FakeLanguage() {
    raw.send(protocol::Close{.id = id(0), .reason = "the test is over"});
}

protocol::Register FakeLanguage::registration() {
    protocol::Register message;
    message.id = {session, 1, 0, 0};
    message.layout = layout_.shape();
    message.pool = pool_;
    message.queue_pairs = {queue_pair_->local()};
    message.limits = {fabric_->limits().max_message};
    message.capabilities = {"fence", "yield"};
    return message;
}

void FakeLanguage::expect_registered() {
    raw.send(registration());
    const auto answer = raw.as_language<protocol::Registered>();
    ASSERT_TRUE(answer);
    const auto* accepted = std::get_if<protocol::Registered::Accepted>(&answer->answer);
    ASSERT_NE(accepted, nullptr);
    incarnation = answer->incarnation;
    queue_pair_->connect(accepted->queue_pairs.at(0));
}

protocol::Init FakeLanguage::init(RoomId room, std::uint64_t attempt, BlockTable blocks, std::uint64_t tokens) const {
    return {.room = room,
            .id = id(attempt),
            .blocks = std::move(blocks),
            .required_dst_info_num = 1,
            .allocated_tokens = tokens};
}

protocol::Resume FakeLanguage::resume(RoomId room, std::uint64_t attempt, BlockTable blocks, std::uint64_t sent,
                                      std::uint64_t tokens) const {
    return {.room = room,
            .id = id(attempt),
            .blocks = std::move(blocks),
            .required_dst_info_num = 1,
            .sent_tokens = sent,
            .allocated_tokens = tokens};
}

std::optional<protocol::StatusReport> FakeLanguage::status_of(std::uint64_t attempt, Status status) {
    return raw.as_language<protocol::StatusReport>(
        [=](const protocol::StatusReport& report) { return report.id.attempt == attempt && report.status == status; });
}

bool FakeLanguage::pool_is_untouched() const {
    return std::all_of(buffer_.data(), buffer_.data() + buffer_.size(), [](std::byte b) { return b == kPaint; });
}

bool FakeLanguage::others_are_untouched(const BlockTable& table) const {
    std::vector<bool> own(buffer_.size(), false);
    for (std::size_t s = 0; s < layout_.segments().size(); ++s) {
        for (const BlockId block : table) {
            const std::uint64_t first = pool_.address(s, block, 0, 0, 0) - buffer_.address();
            const std::uint64_t bytes = layout_.segments()[s].block_bytes(layout_.block_size());
            for (std::uint64_t i = first; i < first + bytes; ++i) own[i] = true;
        }
    }
    for (std::size_t i = 0; i < buffer_.size(); ++i) {
        if (!own[i] && buffer_.data()[i] != kPaint) return false;
    }
    return true;
}

std::string FakeLanguage::first_wrong_row(const Content& content, const BlockTable& table) const {
    return test::first_wrong_row(layout_, content, [&](std::size_t s, std::uint32_t plane, std::uint64_t token) {
        const std::uint64_t block_size = layout_.block_size();
        const std::uint64_t address = pool_.address(s, table[token / block_size], plane, token % block_size,
                                                    layout_.segments()[s].token_bytes);
        return buffer_.data() + (address - buffer_.address());
    });
}

}  // namespace remit::worker::test
