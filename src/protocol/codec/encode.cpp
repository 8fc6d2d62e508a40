#include "protocol/codec/fields.hpp"

#include <spdlog/fmt/fmt.h>

namespace remit::protocol {
namespace {

using codec::join_blocks;

std::string text(std::uint64_t value) { return std::to_string(value); }

Frames frames(const Register& m) {
    return {"None",    m.from.ip, text(m.from.port), format_session_id(m.id), codec::pack_bases(m.pool),
            kVersion, codec::register_json(m)};
}

/// As a peer of another version would begin; its further frames are its own.
Frames frames(const ForeignRegister& m) {
    return {"None", m.from.ip, text(m.from.port), format_session_id(m.id), "", m.version};
}

Frames frames(const Registered& m) { return {"None", kVersion, codec::registered_json(m)}; }

Frames frames(const Init& m) {
    return {text(m.room),
            m.from.ip,
            text(m.from.port),
            format_session_id(m.id),
            join_blocks(m.blocks),
            text(m.required_dst_info_num),
            text(m.allocated_tokens)};
}

Frames frames(const Resume& m) {
    return {text(m.room),
            m.from.ip,
            text(m.from.port),
            format_session_id(m.id),
            join_blocks(m.blocks),
            text(m.required_dst_info_num),
            text(m.sent_tokens),
            text(m.allocated_tokens)};
}

Frames frames(const StatusReport& m) {
    Frames out{text(m.room),
            text(static_cast<std::uint64_t>(m.status)),
            text(m.rounds),
            text(m.sent_tokens),
            text(m.total_tokens),
            codec::sendable(m.reason),
            format_session_id(m.id)};
    const bool summed = !m.checksums.empty();
    if (summed || m.answer != SenderAnswer::none) {
        out.emplace_back(m.answer == SenderAnswer::none ? "" : remit::to_string(m.answer));
    }
    if (summed) out.push_back(fmt::format("{}", fmt::join(m.checksums, ",")));
    return out;
}

Frames frames(const Abort& m) {
    Frames out{text(m.room), m.from.ip, text(m.from.port), format_session_id(m.id),
               m.kind == AbortKind::yield ? "yield" : "abort"};
    if (!m.reason.empty()) out.push_back(codec::sendable(m.reason));
    return out;
}

Frames frames(const Aborted& m) {
    return {text(m.room), m.drained ? "aborted" : "undrained", m.rounds ? text(*m.rounds) : "-1",
            format_session_id(m.id)};
}

Frames frames(const Close& m) {
    return {"None", "close", m.from.ip, text(m.from.port), format_session_id(m.id),
            codec::sendable(m.reason)};
}

Frames frames(const Ping& m) {
    return {"None", "ping", m.from.ip, text(m.from.port), format_session_id(m.id), text(m.sequence), text(m.sent_ns)};
}

Frames frames(const Pong& m) {
    return {"None",
            "pong",
            m.from.ip,
            text(m.from.port),
            format_session_id(m.id),
            text(m.sequence),
            text(m.ping_ns),
            text(m.pong_ns)};
}

}  // namespace

std::string format_session_id(const SessionId& id) {
    return fmt::format("{}.{}.{}.{}", id.session, id.generation, id.attempt, id.incarnation);
}

Frames encode(const ToEmbedding& message) {
    return std::visit([](const auto& m) { return frames(m); }, message);
}

Frames encode(const ToLanguage& message) {
    return std::visit([](const auto& m) { return frames(m); }, message);
}

}  // namespace remit::protocol
