#pragma once

#include "kernels/copy_batch.cuh"
#include "kernels/sum.hpp"

namespace remit::gpu::device {

/// What a lane's remainder is at its next 16 bytes, after these.
__device__ inline std::uint32_t sum_step(const std::uint32_t* step, std::uint32_t remainder, const Vector& v) {
    std::uint32_t result = 0;
#pragma unroll
    for (std::uint32_t k = 0; k < kSlotBytes; ++k) {
        const std::uint32_t word = k < 4 ? v.word[0] ^ remainder : v.word[k / 4];
        result ^= step[k * 256 + (word >> (8 * (k % 4)) & 255u)];
    }
    return result;
}

/// Slot 0 of a lot that begins inside it: what lies before may be nobody's, and zeros in its place add nothing.
__device__ inline Vector load_from(std::uint64_t slot, std::uint32_t head) {
    Vector v = {{0, 0, 0, 0}};
#pragma unroll
    for (std::uint32_t k = 0; k < kSlotBytes; ++k) {
        if (k >= head) v.word[k / 4] |= load1(slot + k) << (8 * (k % 4));
    }
    return v;
}

/// A lane's part of the whole slots.
template <class Shape>
__device__ inline std::uint32_t sum_slots(const LotView& lot, const std::uint32_t* step, std::uint32_t lane) {
    constexpr std::uint32_t row = Shape::lanes * kSlotBytes;
    std::uint32_t remainder = 0;
    std::uint32_t slot = first_slot<Shape>(lot.count, lane);
    if (slot == 0 && lot.head != 0 && lot.count != 0) {
        remainder = sum_step(step, 0, load_from(lot.slots, lot.head));
        slot = Shape::lanes;
    }
    std::uint64_t at = lot.slots + std::uint64_t{slot} * kSlotBytes;
#pragma unroll 1
    for (; slot + (Shape::loads - 1) * Shape::lanes < lot.count; slot += Shape::loads * Shape::lanes) {
        Vector values[Shape::loads];
#pragma unroll
        for (std::uint32_t i = 0; i < Shape::loads; ++i) values[i] = load16(at + i * row);
#pragma unroll
        for (std::uint32_t i = 0; i < Shape::loads; ++i) remainder = sum_step(step, remainder, values[i]);
        at += Shape::loads * row;
    }
#pragma unroll 1
    for (; slot < lot.count; slot += Shape::lanes) {
        remainder = sum_step(step, remainder, load16(at));
        at += row;
    }
    return remainder;
}

__device__ inline std::uint32_t sum_tail(const LotView& lot) {
    std::uint32_t remainder = 0;
#pragma unroll 1
    for (std::uint32_t i = 0; i < lot.tail; ++i) remainder = crc::add_byte(remainder, load1(lot.tail_at + i));
    return remainder;
}

/// Leaves a lane's part of a lot; the remainder of all of it is the sum (exclusive or) of its lanes' parts.
template <class Shape>
__device__ inline void sum_lot(const SumHeader& header, const Lot& lot, const std::uint32_t* step, std::uint32_t index,
                               std::uint32_t lane) {
    const LotView view = view_of(lot);
    const std::uint64_t factor = header.tables + 4 * std::uint64_t{SumTables<Shape>::step_words + view.tail * Shape::lanes + lane};
    std::uint32_t part = crc::multiply(sum_slots<Shape>(view, step, lane), load4(factor));
    if (lane == 0) part ^= sum_tail(view);
    store4(header.parts + 4 * (std::uint64_t{index} * Shape::lanes + lane), part);
}

template <class Shape>
__device__ inline void sum_batch(const SumBatch& batch) {
    std::uint32_t* const step = block_words<SumTables<Shape>::step_words>();
#pragma unroll 1
    for (std::uint32_t i = threadIdx.x; i < SumTables<Shape>::step_words; i += Shape::threads) {
        step[i] = load4(batch.header.tables + 4 * std::uint64_t{i});
    }
    __syncthreads();
    const std::uint32_t lane = threadIdx.x % Shape::lanes;
    const std::uint32_t warps = warps_of_block<Shape>();
#pragma unroll 1
    for (std::uint32_t lot = blockIdx.x * warps + threadIdx.x / Shape::lanes; lot < batch.header.lots; lot += gridDim.x * warps) {
        sum_lot<Shape>(batch.header, batch.lots[lot], step, lot, lane);
    }
    finish_batch(batch.header);
}

}  // namespace remit::gpu::device
