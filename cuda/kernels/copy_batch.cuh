#pragma once

#include "kernels/copy_slot.cuh"

namespace remit::gpu::device {

/// A lane's share of a span of whole slots of one piece: as many loads as may be in flight, then their stores. A slot
/// of the funnel shift takes two loads.
template <class Shape, Mode kMode>
__device__ inline void copy_whole(std::uint64_t source, std::uint64_t destination) {
    constexpr std::uint32_t stride = Shape::lanes * kSlotBytes;
    constexpr std::uint32_t together = kMode == Mode::funnel ? Shape::loads / 2 : Shape::loads;
#pragma unroll 1
    for (std::uint32_t done = 0; done < Shape::loads; done += together) {
        Vector values[together];
#pragma unroll
        for (std::uint32_t i = 0; i < together; ++i) values[i] = load_slot<kMode>(source + (done + i) * stride);
#pragma unroll
        for (std::uint32_t i = 0; i < together; ++i) store16(destination + (done + i) * stride, values[i]);
    }
}

/// Takes the fast way where the span allows it. False: nothing was copied.
template <class Shape>
__device__ inline bool copy_whole_span(const PieceView& piece, Range span, std::uint32_t lane) {
    if (span.end - span.begin != Shape::span_slots || !all_whole(piece, span.begin, span.end)) return false;
    const Slot slot = slot_of(piece, span.begin + lane);
    switch (piece.mode) {
        case Mode::wide: copy_whole<Shape, Mode::wide>(slot.source, slot.destination); return true;
        case Mode::zeros: copy_whole<Shape, Mode::zeros>(slot.source, slot.destination); return true;
        case Mode::eight: copy_whole<Shape, Mode::eight>(slot.source, slot.destination); return true;
        case Mode::funnel: copy_whole<Shape, Mode::funnel>(slot.source, slot.destination); return true;
        default: return false;
    }
}

/// A span that holds piece ends, many small pieces, or the batch's end: each lane looks up its own slots.
template <class Shape, class Batch>
__device__ inline void copy_mixed_span(const Batch& batch, Range span, std::uint32_t first, std::uint32_t lane) {
    const std::uint32_t last = find_piece(batch.pieces, first, batch.header.pieces - 1, span.end - 1);
#pragma unroll 1
    for (std::uint32_t base = span.begin + lane; base < span.end; base += kMixedLoads * Shape::lanes) {
        Vector values[kMixedLoads];
        std::uint64_t destinations[kMixedLoads];
#pragma unroll
        for (std::uint32_t i = 0; i < kMixedLoads; ++i) {
            const std::uint32_t at = base + i * Shape::lanes;
            destinations[i] = 0;
            if (at >= span.end) continue;
            const PieceView piece = view_of(batch.header, batch.pieces, find_piece(batch.pieces, first, last, at));
            const Slot slot = slot_of(piece, at);
            if (!slot.whole()) {
                copy_edge(piece.mode, slot);
                continue;
            }
            values[i] = load_slot(slot_mode(piece, at), slot.source);
            destinations[i] = slot.destination;
        }
#pragma unroll
        for (std::uint32_t i = 0; i < kMixedLoads; ++i) {
            if (destinations[i] != 0) store16(destinations[i], values[i]);
        }
    }
}

template <class Shape, class Batch>
__device__ inline void copy_block(const Batch& batch) {
    const std::uint32_t slots = batch.header.slots;
    const std::uint32_t lane = threadIdx.x % Shape::lanes;
    const Deal tiles = tiles_of_block(tiles_of<Shape>(slots), blockIdx.x, gridDim.x);
    std::uint32_t index = 0;
#pragma unroll 1
    for (std::uint32_t tile = tiles.first; tile < tiles.end; tile += tiles.step) {
        const Range span = span_of<Shape>(tile, threadIdx.x, slots);
        if (span.begin == span.end) break;
        index = find_piece(batch.pieces, index, batch.header.pieces - 1, span.begin);
        if (!copy_whole_span<Shape>(view_of(batch.header, batch.pieces, index), span, lane)) {
            copy_mixed_span<Shape>(batch, span, index, lane);
        }
    }
}

/// Tells the host that the batch is done, once, from the block that ends last. The barrier hands the block's bytes
/// to thread 0, the ticket hands them to the last block, the release store to the host.
template <class Header>
__device__ inline void finish_batch(const Header& header) {
    __syncthreads();
    if (threadIdx.x != 0) return;
    const std::uint32_t last = gridDim.x - 1;
    if (take_ticket(header.ticket, last) == last) publish(header.progress, header.sequence);
}

template <class Shape, class Batch>
__device__ inline void copy_batch(const Batch& batch) {
    copy_block<Shape>(batch);
    finish_batch(batch.header);
}

}  // namespace remit::gpu::device
