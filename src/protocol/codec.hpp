#pragma once

#include "protocol/messages.hpp"

#include <tl/expected.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace remit::protocol {

using Frames = std::vector<std::string>;

/// Why a message did not parse; the kinds are counted one by one.
enum class DecodeFault : std::uint8_t {
    frame_count,   ///< no message has that many frames, or none at all
    frame_size,    ///< a frame is longer than its field may be
    not_a_number,  ///< empty, a sign, not ASCII digits
    out_of_range,  ///< a number outside its field's range
    unknown_word,  ///< a keyword that is none of the permitted
    version,       ///< the peer does not speak remit/1
    bad_json,      ///< malformed, or a field is missing or of another type
};
inline constexpr std::size_t kDecodeFaults = 7;

[[nodiscard]] std::string_view to_string(DecodeFault fault) noexcept;

struct DecodeError {
    DecodeFault fault = DecodeFault::frame_count;
    std::string detail;  ///< names field and value, at most 200 bytes, printable
};

[[nodiscard]] Frames encode(const ToEmbedding& message);
[[nodiscard]] Frames encode(const ToLanguage& message);
/// The same into frames that have been used before, whose memory is used again.
void encode(const ToEmbedding& message, Frames& out);
void encode(const ToLanguage& message, Frames& out);

/// Checks and parses what a peer sent; never throws, whatever the bytes. A message that names blocks gets the memory of
/// `spare` for its table.
[[nodiscard]] tl::expected<ToEmbedding, DecodeError> decode_for_embedding(std::span<const std::string> frames,
                                                                          BlockTable& spare);
[[nodiscard]] tl::expected<ToEmbedding, DecodeError> decode_for_embedding(std::span<const std::string> frames);
[[nodiscard]] tl::expected<ToLanguage, DecodeError> decode_for_language(std::span<const std::string> frames);

[[nodiscard]] std::string format_session_id(const SessionId& id);

}  // namespace remit::protocol
