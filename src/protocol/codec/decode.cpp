#include "protocol/codec/fields.hpp"

#include <spdlog/fmt/fmt.h>

namespace remit::protocol {
namespace {

using namespace codec;
using FrameSpan = std::span<const std::string>;

// What calls itself a REGISTER and is longer than any version's is noise.
constexpr std::size_t kMostRegisterFrames = 16;
constexpr std::size_t kMaxVersion = 60;

[[noreturn]] void fail_count(FrameSpan f) {
    throw Fault{{DecodeFault::frame_count, fmt::format("{} frames", f.size())}};
}

void require_count(FrameSpan f, std::size_t count) {
    if (f.size() != count) fail_count(f);
}

SessionId session_id_or_none(std::string_view text) {
    try {
        return session_id(text);
    } catch (const Fault&) {
        return {};
    }
}

/// A peer of another version or kind is told so where its address can be read, rather than dropped as noise.
ForeignRegister parse_foreign_register(FrameSpan f) {
    const std::string_view version = f.size() > 5 ? std::string_view(f[5]) : std::string_view();
    if (f.size() < 4 || f.size() > kMostRegisterFrames) fail(DecodeFault::version, "version of REGISTER", version);
    return {address(f[1], f[2]), session_id_or_none(f[3]), printable(version.substr(0, kMaxVersion))};
}

Register parse_register_message(FrameSpan f) {
    require_count(f, 7);
    Register m;
    m.from = address(f[1], f[2]);
    m.id = session_id(f[3]);
    parse_register(f[4], f[6], m);
    return m;
}

Close parse_close(FrameSpan f) {
    require_count(f, 6);
    return {address(f[2], f[3]), session_id(f[4]), reason(f[5])};
}

Ping parse_ping(FrameSpan f) {
    require_count(f, 7);
    return {address(f[2], f[3]), session_id(f[4]), number("sequence", f[5]), number("time", f[6])};
}

Pong parse_pong(FrameSpan f) {
    require_count(f, 8);
    return {address(f[2], f[3]), session_id(f[4]), number("sequence", f[5]), number("time", f[6]), number("time", f[7])};
}

std::uint32_t required(std::string_view text) {
    const std::uint64_t value = number("required_dst_info_num", text, 65536);
    if (value == 0) fail(DecodeFault::out_of_range, "required_dst_info_num", text);
    return static_cast<std::uint32_t>(value);
}

/// A message of a room names an attempt; 0 stands for messages outside rooms.
SessionId attempt_id(std::string_view text) {
    const SessionId id = session_id(text);
    if (id.attempt == 0) fail(DecodeFault::out_of_range, "attempt of session_id", text);
    return id;
}

Init parse_init(FrameSpan f, BlockTable& spare) {
    return {room(f[0]),        address(f[1], f[2]),
            attempt_id(f[3]),  block_table(f[4], spare),
            required(f[5]),    number("allocated_tokens", f[6])};
}

Resume parse_resume(FrameSpan f, BlockTable& spare) {
    return {room(f[0]),        address(f[1], f[2]), attempt_id(f[3]), block_table(f[4], spare),
            required(f[5]),    number("sent_tokens", f[6]), number("allocated_tokens", f[7])};
}

Abort parse_abort(FrameSpan f) {
    Abort m{room(f[0]), address(f[1], f[2]), attempt_id(f[3]), AbortKind::abort, f.size() > 5 ? reason(f[5]) : ""};
    if (f[4] == "yield") {
        m.kind = AbortKind::yield;
    } else if (f[4] != "abort") {
        fail(DecodeFault::unknown_word, "abort or yield", f[4]);
    }
    return m;
}

StatusReport parse_status(FrameSpan f) {
    StatusReport m{room(f[0]),
                   static_cast<Status>(number("status", f[1], 4)),
                   number("round", f[2]),
                   number("sent_tokens", f[3]),
                   number("total_tokens", f[4]),
                   reason(f[5]),
                   session_id(f[6])};
    if (f.size() > 7) m.answer = answer(f[7]);
    if (f.size() > 8) m.checksums = checksums(f[8]);
    return m;
}

Aborted parse_aborted(FrameSpan f) {
    Aborted m{room(f[0]), f[1] == "aborted", std::nullopt, session_id(f[3])};
    if (!m.drained && f[1] != "undrained") fail(DecodeFault::unknown_word, "aborted or undrained", f[1]);
    if (f[2] != "-1") m.rounds = number("rounds", f[2]);
    return m;
}

ToEmbedding parse_for_embedding(FrameSpan f, BlockTable& spare) {
    if (f.empty()) fail_count(f);
    if (f[0] == "None") {
        if (f.size() < 2) fail_count(f);
        if (f[1] == "close") return parse_close(f);
        if (f[1] == "ping") return parse_ping(f);
        if (f[1] == "pong") return parse_pong(f);
        if (f.size() < 7 || f[5] != kVersion) return parse_foreign_register(f);
        return parse_register_message(f);
    }
    switch (f.size()) {
        case 5:
        case 6: return parse_abort(f);
        case 7: return parse_init(f, spare);
        case 8: return parse_resume(f, spare);
        default: fail_count(f);
    }
}

ToLanguage parse_for_language(FrameSpan f) {
    if (f.empty()) fail_count(f);
    if (f[0] == "None") {
        if (f.size() < 2) fail_count(f);
        if (f[1] == "ping") return parse_ping(f);
        if (f[1] == "pong") return parse_pong(f);
        if (f[1] != kVersion) fail(DecodeFault::version, "version of REGISTERED", f[1]);
        require_count(f, 3);
        return parse_registered(f[2]);
    }
    switch (f.size()) {
        case 4: return parse_aborted(f);
        case 7:
        case 8:
        case 9: return parse_status(f);
        default: fail_count(f);
    }
}

template <class Message, class Parse>
tl::expected<Message, DecodeError> guarded(FrameSpan frames, Parse parse) {
    try {
        return parse(frames);
    } catch (const Fault& fault) {
        return tl::unexpected(fault.error);
    } catch (const std::exception& error) {
        return tl::unexpected(DecodeError{DecodeFault::bad_json, printable(error.what())});
    }
}

}  // namespace

std::string_view to_string(DecodeFault fault) noexcept {
    constexpr std::array<std::string_view, kDecodeFaults> names{
        "frame count", "frame size", "not a number", "out of range", "unknown word", "version", "bad json"};
    return names[static_cast<std::size_t>(fault)];
}

tl::expected<ToEmbedding, DecodeError> decode_for_embedding(std::span<const std::string> frames, BlockTable& spare) {
    return guarded<ToEmbedding>(frames, [&](FrameSpan f) { return parse_for_embedding(f, spare); });
}

tl::expected<ToEmbedding, DecodeError> decode_for_embedding(std::span<const std::string> frames) {
    BlockTable none;
    return decode_for_embedding(frames, none);
}

tl::expected<ToLanguage, DecodeError> decode_for_language(std::span<const std::string> frames) {
    return guarded<ToLanguage>(frames, parse_for_language);
}

}  // namespace remit::protocol
