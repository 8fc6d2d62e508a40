#include "worker/mailbox.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace remit::worker {
namespace {

/// What a thread did before it sent is seen by the thread that received. ZeroMQ's locks say so, but its library is not
/// instrumented: the thread sanitizer is told here.
#if defined(__SANITIZE_THREAD__)
char messages;  // NOLINT: an address
void note_sent() {
    __tsan_release(&messages);
}
void note_received() {
    __tsan_acquire(&messages);
}
#else
void note_sent() {}
void note_received() {}
#endif

// Messages dropped in a row before receive() returns to let its caller look at completions and the clock: one peer's
// noise must not stop the rooms of all.
constexpr int kMostDroppedAtOnce = 256;

// What one long message has grown is not kept.
constexpr std::size_t kMostKeptBytes = 64u << 10;

void drop_long(protocol::Frames& frames) {
    for (std::string& frame : frames) {
        if (frame.capacity() > kMostKeptBytes) std::string().swap(frame);
    }
}

protocol::PeerAddress* return_address(protocol::ToEmbedding& message) {
    return std::visit([](auto& m) { return &m.from; }, message);
}

protocol::PeerAddress* return_address(protocol::ToLanguage&) {
    return nullptr;  // answers go to the address that the question was sent to
}

}  // namespace

Mailbox::Mailbox(control::Channel& channel, std::vector<std::string> allowed_return_addresses)
    : channel_(channel), allowed_(std::move(allowed_return_addresses)) {}

std::string Mailbox::why(control::SendResult result) {
    if (result == control::SendResult::overflow) {
        return "control outbox is full, or the peer hangs up at the greeting: keys that do not match";
    }
    if (result == control::SendResult::too_large) {
        return "larger than limits.message_bytes: raise it on both sides, or offer fewer blocks at once";
    }
    return "unreachable: an address off loopback needs keys or control.insecure, a peer asked for with keys needs its "
           "public key, and a connection needs free file descriptors (`ulimit -n`)";
}

control::SendResult Mailbox::post(const protocol::PeerAddress& to, std::uint64_t connection) {
    note_sent();
    const auto result = channel_.send({to.ip, to.port, connection, to.key}, sent_);
    drop_long(sent_);
    if (result != control::SendResult::queued) {
        complaints_.warn("not sent", to.ip, fmt::format("message to {}:{} not sent: {}", to.ip, to.port, why(result)));
    }
    return result;
}

void Mailbox::forget(const protocol::PeerAddress& to, std::uint64_t connection) {
    channel_.forget({to.ip, to.port, connection, to.key});
}

bool Mailbox::is_own(const std::string& claimed, const std::string& sender) const {
    return sender.empty() || claimed == sender ||
           std::find(allowed_.begin(), allowed_.end(), claimed) != allowed_.end();
}

template <class Message, class Decode>
std::optional<Message> Mailbox::receive(Decode decode) {
    for (int dropped = 0; dropped < kMostDroppedAtOnce; ++dropped) {
        drop_long(received_.frames);
        if (!channel_.receive(received_)) return std::nullopt;
        note_received();
        auto message = decode(received_.frames);
        if (!message) {
            count(message.error(), received_.sender);
            continue;
        }
        protocol::PeerAddress* from = return_address(*message);
        if (from != nullptr && !is_own(from->ip, received_.sender)) {
            ++counters_.foreign_return_addresses;
            complaints_.warn("return address", received_.sender,
                             fmt::format("message from {} dropped: its return address {} is not its own; add it to "
                                         "control.allowed_return_addresses where that is meant",
                                         received_.sender, from->ip));
            continue;
        }
        if (from != nullptr) from->key = received_.key;
        return std::move(*message);
    }
    return std::nullopt;
}

std::optional<protocol::ToEmbedding> Mailbox::receive_for_embedding() {
    return receive<protocol::ToEmbedding>([this](const auto& f) { return protocol::decode_for_embedding(f, spare_); });
}

void Mailbox::reuse(protocol::ToEmbedding& message) {
    std::visit(
        [this](auto& m) {
            if constexpr (requires { m.blocks; }) spare_ = std::move(m.blocks);
        },
        message);
    if (spare_.capacity() * sizeof(BlockId) > kMostKeptBytes) BlockTable().swap(spare_);
}

std::optional<protocol::ToLanguage> Mailbox::receive_for_language() {
    return receive<protocol::ToLanguage>([](const auto& f) { return protocol::decode_for_language(f); });
}

void Mailbox::count(const protocol::DecodeError& error, const std::string& sender) {
    ++counters_.undecodable[static_cast<std::size_t>(error.fault)];
    const std::string kind(to_string(error.fault));
    complaints_.warn(kind, sender,
                     fmt::format("message from {} dropped: {}: {}", sender.empty() ? "an unknown sender" : sender, kind,
                                 error.detail));
}

}  // namespace remit::worker
