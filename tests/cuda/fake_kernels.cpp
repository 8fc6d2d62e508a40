// What the fake runtime does where a kernel is launched: the kernel's work, by the CPU, piece by piece.

#include "fake_parts.hpp"
#include "kernels/kernels.hpp"
#include "kernels/work.hpp"

#include <atomic>
#include <cstring>

namespace remit::gpu::test {
namespace {

template <class Batch>
Launch read_inline(const void* argument) {
    const auto& batch = *static_cast<const Batch*>(argument);
    Launch launch;
    launch.header = batch.header;
    launch.pieces.assign(batch.pieces, batch.pieces + batch.header.pieces);
    return launch;
}

Launch read_sums(const void* argument) {
    const auto& batch = *static_cast<const SumBatch*>(argument);
    Launch launch;
    launch.header.progress = batch.header.progress;
    launch.header.sequence = batch.header.sequence;
    launch.parts = batch.header.parts;
    launch.lots.assign(batch.lots, batch.lots + batch.header.lots);
    return launch;
}

/// One lane has all of the lot, which the others' zeros leave as it is.
void run_sums(const Launch& launch) {
    auto* parts = reinterpret_cast<std::uint32_t*>(launch.parts - fake_runtime().word_alias_distance);
    for (const Lot& lot : launch.lots) {
        std::uint32_t remainder = 0;
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(lot.address);
        for (std::uint64_t i = 0; i < lot.bytes; ++i) remainder = crc::add_byte(remainder, bytes[i]);
        for (std::uint32_t lane = 0; lane < SumShape::lanes; ++lane) *parts++ = lane == 5 ? remainder : 0;
    }
}

void spoil(const Launch& launch) {
    const PieceView last = view_of(launch.header, launch.pieces.data(), launch.header.pieces - 1);
    auto* const byte = reinterpret_cast<std::uint8_t*>(last.destination + std::uint64_t{last.end - last.begin - 1} * kSlotBytes) + last.tail - 1;
    *byte = static_cast<std::uint8_t>(*byte ^ 0x10);
}

void run_piece(const PieceView& piece) {
    const std::uint64_t bytes = std::uint64_t{piece.end - piece.begin - 1} * kSlotBytes + piece.tail - piece.head;
    auto* const destination = reinterpret_cast<std::byte*>(piece.destination + piece.head);
    if (piece.mode == Mode::zeros) {
        std::memset(destination, 0, bytes);
    } else {
        std::memcpy(destination, reinterpret_cast<const std::byte*>(piece.source + piece.head), bytes);
    }
}

}  // namespace

Launch read_batch(const void* kernel, const void* argument) {
    if (kernel == small_copy_kernel()) return read_inline<SmallBatch>(argument);
    if (kernel == large_copy_kernel()) return read_inline<LargeBatch>(argument);
    if (kernel == sum_kernel()) return read_sums(argument);
    return read_inline<ListBatch>(argument);
}

void run_kernel(const Launch& launch) {
    for (std::uint32_t i = 0; i < launch.header.pieces; ++i) run_piece(view_of(launch.header, launch.pieces.data(), i));
    run_sums(launch);
    if (launch.number == fake_runtime().spoil_launch && launch.header.pieces != 0) spoil(launch);
    if (fake_runtime().lose_words) return;
    auto* const word = launch.header.progress - fake_runtime().word_alias_distance / sizeof(std::uint64_t);
    std::atomic_ref<std::uint64_t>(*word).store(launch.header.sequence, std::memory_order_release);
}

}  // namespace remit::gpu::test
