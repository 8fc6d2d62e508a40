#pragma once

#include <cstdint>

namespace remit::gpu {

/// How the work of a launch is cut. A tile is what a block takes at once, a span what a warp takes of it; both are
/// counted in slots of 16 destination bytes.
template <std::uint32_t Threads, std::uint32_t Lanes, std::uint32_t Loads>
struct Shape {
    static constexpr std::uint32_t threads = Threads;  ///< of a block
    static constexpr std::uint32_t lanes = Lanes;      ///< of a warp
    static constexpr std::uint32_t loads = Loads;      ///< 16-byte loads in flight in each thread before its stores
    static constexpr std::uint32_t span_slots = Lanes * Loads;
    static constexpr std::uint32_t tile_slots = Threads * Loads;
    static_assert(Threads % Lanes == 0);
};

/// Every number that measurements may change stands here.
/// 256 threads with 8 loads of 16 bytes keep 32 KiB in flight on an SM: at a latency near 1 µs a block then moves
/// about 30 GB/s, and 8 of them several times what one 400 Gb/s port takes.
using CopyShape = Shape<256, 32, 8>;

/// Of a launch that sums: 16 look-ups in shared memory for each 16 bytes bound it, not its loads.
using SumShape = Shape<256, 32, 4>;

/// Most bytes that one warp sums; a round of 8 MiB is 128 of them, for 64 warps of the default budget.
inline constexpr std::uint32_t kLotBytes = 64u << 10;

/// Registers of a thread stay within 65536 / (256 * 4) = 64, so that a block leaves room for the model's blocks.
inline constexpr std::uint32_t kResidentBlocks = 4;

/// Blocks of a launch for each 400 Gb/s port: a 4 MiB chunk is 84 µs on the wire, and a kernel that takes every SM
/// hurts the model that runs beside it.
inline constexpr std::uint32_t kDefaultBlockBudget = 8;

/// Pieces at least this long are funnel-shifted where their two sides are misaligned to each other by less than 8.
/// Shorter ones are not worth their two slots at each end that need narrow loads.
inline constexpr std::uint32_t kFunnelBytes = 1024;

/// Copies across PCIe whose pieces have at least so many bytes on average go by the copy engines, where those may be used.
/// An engine has a third of a microsecond for each piece, 18 KiB on PCIe 5: in pieces of 64 KiB it makes 53 GB/s, as in one
/// copy, in pieces of 13 KiB 38, where a kernel makes 49 in either, but takes a third from a GEMM beside it.
inline constexpr std::uint32_t kEngineBytes = 32u << 10;

/// Slots that a thread loads before it stores them, where a span holds more than one piece.
inline constexpr std::uint32_t kMixedLoads = 4;

/// Size of the kernel parameters: with drivers from 12.1 on, and before.
inline constexpr std::uint32_t kLargeParameterBytes = 32764;
inline constexpr std::uint32_t kSmallParameterBytes = 4096;
inline constexpr int kLargeParameterDriver = 12010;

/// A progress word has a line of its own: two lines, since x86 prefetches them in pairs.
inline constexpr std::uint32_t kProgressStride = 128;

}  // namespace remit::gpu
