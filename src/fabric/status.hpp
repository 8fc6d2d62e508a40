#pragma once

#include <cstdint>

/// Completion statuses by number, the same for every fabric: those of `ibv_wc_status`. Which one a fault yields
/// differs between devices; act on success or failure and show the text.
namespace remit::fabric::status {

inline constexpr std::uint32_t success = 0;
inline constexpr std::uint32_t local_length = 1;
inline constexpr std::uint32_t local_queue_pair_operation = 2;
inline constexpr std::uint32_t local_protection = 4;
inline constexpr std::uint32_t flushed = 5;
inline constexpr std::uint32_t local_access = 8;
inline constexpr std::uint32_t remote_invalid_request = 9;
inline constexpr std::uint32_t remote_access = 10;
inline constexpr std::uint32_t remote_operation = 11;
inline constexpr std::uint32_t retry_exceeded = 12;
inline constexpr std::uint32_t receiver_not_ready = 13;

/// The words of libibverbs for a status, without needing libibverbs.
[[nodiscard]] const char* words(std::uint32_t status) noexcept;

}  // namespace remit::fabric::status
