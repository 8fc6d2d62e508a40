#include "protocol/codec/fields.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace remit::protocol::codec {
namespace {

// Longest of 64-bit numbers in decimal; anything longer is refused before it is parsed.
constexpr std::size_t kMaxDigits = 20;
constexpr std::size_t kMaxAddress = 64;

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
    std::string out;
    for (const char c : text.substr(0, most)) out += c >= ' ' && c <= '~' ? c : '?';
    if (text.size() > most) out += fmt::format("... ({} bytes)", text.size());
    return out;
}

void fail(DecodeFault fault, std::string_view field, std::string_view value) {
    throw Fault{{fault, fmt::format("{} is \"{}\"", field, printable(value))}};
}

std::uint64_t number(std::string_view field, std::string_view text, std::uint64_t most) {
    const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) fail(DecodeFault::not_a_number, field, text);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || text.size() > kMaxDigits || value > most) fail(DecodeFault::out_of_range, field, text);
    return value;
}

RoomId room(std::string_view text) { return number("room", text, kMaxRoomId); }

PeerAddress address(std::string_view ip, std::string_view port) {
    if (ip.empty() || ip.size() > kMaxAddress) fail(DecodeFault::frame_size, "ip", ip);
    const bool plain = std::all_of(ip.begin(), ip.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' || c == ':';
    });
    if (!plain) fail(DecodeFault::unknown_word, "ip", ip);
    const std::uint64_t value = number("port", port, 65535);
    if (value == 0) fail(DecodeFault::out_of_range, "port", port);
    return {std::string(ip), static_cast<std::uint16_t>(value)};
}

SessionId session_id(std::string_view text) {
    std::uint64_t parts[4] = {};
    std::string_view rest = text;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t dot = rest.find('.');
        const bool last = i == 3;
        if (last != (dot == std::string_view::npos)) fail(DecodeFault::not_a_number, "session_id", text);
        parts[i] = number("session_id", rest.substr(0, dot));
        rest = last ? std::string_view{} : rest.substr(dot + 1);
    }
    return {parts[0], parts[1], parts[2], parts[3]};
}

BlockTable block_table(std::string_view text, BlockTable& spare) {
    if (text.empty()) return {};
    const auto count = static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) + 1;
    if (count > kMaxBlocks) fail(DecodeFault::frame_size, "blocks", fmt::format("{} numbers", count));
    BlockTable blocks = std::move(spare);
    blocks.clear();
    blocks.reserve(count);
    while (true) {
        const std::size_t comma = text.find(',');
        blocks.push_back(static_cast<BlockId>(
            number("block", text.substr(0, comma), std::numeric_limits<BlockId>::max())));
        if (comma == std::string_view::npos) return blocks;
        text.remove_prefix(comma + 1);
    }
}

SenderAnswer answer(std::string_view text) {
    if (text.empty()) return SenderAnswer::none;
    for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(SenderAnswer::failed); ++i) {
        if (text == to_string(static_cast<SenderAnswer>(i))) return static_cast<SenderAnswer>(i);
    }
    fail(DecodeFault::unknown_word, "kind of answer", text);
}

plan::Checksums checksums(std::string_view text) {
    plan::Checksums sums;
    for (std::string_view rest = text;;) {
        if (sums.size() == kMaxSegments) fail(DecodeFault::frame_size, "checksums", text);
        const std::size_t comma = rest.find(',');
        sums.push_back(static_cast<std::uint32_t>(
            number("checksum", rest.substr(0, comma), std::numeric_limits<std::uint32_t>::max())));
        if (comma == std::string_view::npos) return sums;
        rest.remove_prefix(comma + 1);
    }
}

std::string reason(std::string_view text) {
    if (text.size() > kMaxReason) fail(DecodeFault::frame_size, "reason", text);
    return printable(text, kMaxReason);
}

std::string sendable(std::string_view text) { return printable(text.substr(0, kMaxReason), kMaxReason); }

}  // namespace remit::protocol::codec
