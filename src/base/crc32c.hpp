#pragma once

#include <cstddef>
#include <cstdint>

namespace remit {

/// CRC32C (Castagnoli, RFC 3720 section 12.1 and its test values in B.4) of `bytes` bytes, continuing from `crc`; 0 to
/// begin. Uses the processor's CRC32 instruction where it has one, which is found out once, at run time.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t bytes) noexcept;

/// The same without the instruction, on every machine.
[[nodiscard]] std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t bytes) noexcept;

/// True where crc32c() uses the instruction.
[[nodiscard]] bool crc32c_is_accelerated() noexcept;

}  // namespace remit
