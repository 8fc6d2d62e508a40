#pragma once

#include "protocol/codec.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

/// Parsers of single frames. Each throws Fault, which the two entry points of codec.hpp catch.
namespace remit::protocol::codec {

struct Fault {
    DecodeError error;
};

inline constexpr std::size_t kMaxReason = 1024;
inline constexpr std::size_t kMaxBlocks = kMaxBlocksOfMessage;
inline constexpr std::size_t kMaxSegments = 8;
inline constexpr std::size_t kMaxJson = std::size_t{1} << 20;

/// Printable and short, whatever a peer sent.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 60);

[[noreturn]] void fail(DecodeFault fault, std::string_view field, std::string_view value);

[[nodiscard]] std::uint64_t number(std::string_view field, std::string_view text,
                                   std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
[[nodiscard]] RoomId room(std::string_view text);
[[nodiscard]] PeerAddress address(std::string_view ip, std::string_view port);
[[nodiscard]] SessionId session_id(std::string_view text);
[[nodiscard]] BlockTable block_table(std::string_view text, BlockTable& spare);
[[nodiscard]] std::string reason(std::string_view text);
[[nodiscard]] SenderAnswer answer(std::string_view text);
[[nodiscard]] plan::Checksums checksums(std::string_view text);

/// A reason as it is sent: printable, cut to what reason() takes.
[[nodiscard]] std::string sendable(std::string_view text);
/// REGISTER's frames 4 and 6, REGISTERED's frame 2.
[[nodiscard]] std::string pack_bases(const BlockMap& pool);
[[nodiscard]] std::string register_json(const Register& message);
void parse_register(std::string_view bases, std::string_view json, Register& message);
[[nodiscard]] std::string registered_json(const Registered& message);
[[nodiscard]] Registered parse_registered(std::string_view json);

}  // namespace remit::protocol::codec
