#pragma once

#include <cstddef>
#include <cstdint>

/// Copies whose stores go round the caches, with the widest vectors that the processor has. A destination line is then
/// never read before it is written, and what the caches hold stays there: worth it where the bytes would not stay in
/// the caches anyway, a loss where they would.
namespace remit::memory {

/// Pieces shorter than this are faster through the caches: a streamed piece pays for the partly filled lines at its ends.
inline constexpr std::size_t kStreamedPiece = 16u << 10;

/// Bytes of the third-level cache that one core reaches; 32 MiB where the system does not tell.
[[nodiscard]] std::uint64_t last_level_cache() noexcept;

/// As memcpy and memset(0), for any alignment. Another thread or a NIC may be told only after finish_streaming().
void stream_copy(std::byte* destination, const std::byte* source, std::size_t bytes) noexcept;
void stream_zeros(std::byte* destination, std::size_t bytes) noexcept;

/// Orders every streamed store before what this thread stores later.
void finish_streaming() noexcept;

}  // namespace remit::memory
