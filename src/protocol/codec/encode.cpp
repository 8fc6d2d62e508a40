#include "protocol/codec/fields.hpp"

#include <array>
#include <charconv>
#include <concepts>

namespace remit::protocol {
namespace {

void append(std::string& out, std::uint64_t value) {
    std::array<char, 20> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append(std::string& out, const SessionId& id) {
    append(out, id.session);
    for (const std::uint64_t part : {id.generation, id.attempt, id.incarnation}) append(out += '.', part);
}

/// Writes frames one after the other over those of an earlier message, whose memory they use.
class Writer {
public:
    explicit Writer(Frames& out) : out_(out) {}
    ~Writer() { out_.resize(written_); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    Writer& operator<<(std::string_view text) {
        next() = text;
        return *this;
    }
    Writer& operator<<(std::unsigned_integral auto value) {
        append(next(), value);
        return *this;
    }
    Writer& operator<<(const SessionId& id) {
        append(next(), id);
        return *this;
    }
    /// Two frames.
    Writer& operator<<(const PeerAddress& address) { return *this << address.ip << address.port; }
    /// One frame, separated by commas.
    Writer& operator<<(std::span<const std::uint32_t> numbers) {
        std::string& frame = next();
        for (const std::uint32_t number : numbers) append(frame.empty() ? frame : frame += ',', number);
        return *this;
    }

private:
    std::string& next() {
        if (written_ == out_.size()) out_.emplace_back();
        std::string& frame = out_[written_++];
        frame.clear();
        return frame;
    }

    Frames& out_;
    std::size_t written_ = 0;
};

void write(Writer& out, const Register& m) {
    out << "None" << m.from << m.id << codec::pack_bases(m.pool) << kVersion << codec::register_json(m);
}

/// As a peer of another version would begin; its further frames are its own.
void write(Writer& out, const ForeignRegister& m) { out << "None" << m.from << m.id << "" << m.version; }

void write(Writer& out, const Registered& m) { out << "None" << kVersion << codec::registered_json(m); }

void write(Writer& out, const Init& m) {
    out << m.room << m.from << m.id << m.blocks << m.required_dst_info_num << m.allocated_tokens;
}

void write(Writer& out, const Resume& m) {
    out << m.room << m.from << m.id << m.blocks << m.required_dst_info_num << m.sent_tokens << m.allocated_tokens;
}

void write(Writer& out, const StatusReport& m) {
    out << m.room << static_cast<std::uint64_t>(m.status) << m.rounds << m.sent_tokens << m.total_tokens
        << codec::sendable(m.reason) << m.id;
    const bool summed = !m.checksums.empty();
    if (summed || m.answer != SenderAnswer::none) {
        out << (m.answer == SenderAnswer::none ? "" : remit::to_string(m.answer));
    }
    if (summed) out << m.checksums;
}

void write(Writer& out, const Abort& m) {
    out << m.room << m.from << m.id << (m.kind == AbortKind::yield ? "yield" : "abort");
    if (!m.reason.empty()) out << codec::sendable(m.reason);
}

void write(Writer& out, const Aborted& m) {
    out << m.room << (m.drained ? "aborted" : "undrained");
    if (m.rounds) {
        out << *m.rounds;
    } else {
        out << "-1";
    }
    out << m.id;
}

void write(Writer& out, const Close& m) { out << "None" << "close" << m.from << m.id << codec::sendable(m.reason); }

void write(Writer& out, const Ping& m) { out << "None" << "ping" << m.from << m.id << m.sequence << m.sent_ns; }

void write(Writer& out, const Pong& m) {
    out << "None" << "pong" << m.from << m.id << m.sequence << m.ping_ns << m.pong_ns;
}

template <class Message>
void write_all(const Message& message, Frames& out) {
    Writer writer(out);
    std::visit([&](const auto& m) { write(writer, m); }, message);
}

}  // namespace

std::string format_session_id(const SessionId& id) {
    std::string text;
    append(text, id);
    return text;
}

void encode(const ToEmbedding& message, Frames& out) { write_all(message, out); }
void encode(const ToLanguage& message, Frames& out) { write_all(message, out); }

Frames encode(const ToEmbedding& message) {
    Frames out;
    encode(message, out);
    return out;
}

Frames encode(const ToLanguage& message) {
    Frames out;
    encode(message, out);
    return out;
}

}  // namespace remit::protocol
