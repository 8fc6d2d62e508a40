#pragma once

#include <remit/export.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace remit {

/// 63-bit id of one request, chosen outside remit, the same on both sides.
using RoomId = std::uint64_t;
inline constexpr RoomId kMaxRoomId = (std::uint64_t{1} << 63) - 1;

/// Index of a block inside its pool.
using BlockId = std::uint32_t;

/// The blocks of one request or round in logical order; neighbours in the list need not be neighbours in memory.
using BlockTable = std::vector<BlockId>;

/// State of a request. The numbers are part of the contract: a MIN over ranks makes Failed win.
enum class Status : std::uint8_t {
    Failed = 0,
    Bootstrapping = 1,
    WaitingForInput = 2,
    Transferring = 3,
    Success = 4,
};

[[nodiscard]] REMIT_API std::string_view to_string(Status status) noexcept;
[[nodiscard]] constexpr bool is_final(Status status) noexcept {
    return status == Status::Failed || status == Status::Success;
}

/// What the embedding worker last said of a room. A status tells how far the room is; this tells whether waiting helps.
enum class SenderAnswer : std::uint8_t {
    none,       ///< nothing yet
    not_ready,  ///< it has the request; `send` has not come there
    coming,     ///< request and `send` have met
    never,      ///< rejected, cancelled or stopped there: it will not come, however often it is asked for
    unknown,    ///< it knows nothing of the request any more, or never did: asking again may help
    failed,     ///< the transfer itself failed: asking again may help
};

[[nodiscard]] REMIT_API std::string_view to_string(SenderAnswer answer) noexcept;

/// Element type of a segment.
enum class DType : std::uint8_t { bf16, fp16, fp32, fp8, int32 };

[[nodiscard]] REMIT_API std::uint32_t dtype_bytes(DType dtype) noexcept;
[[nodiscard]] REMIT_API std::string_view to_string(DType dtype) noexcept;
/// The type of that name, or nothing.
[[nodiscard]] REMIT_API std::optional<DType> dtype_from(std::string_view name) noexcept;

}  // namespace remit
