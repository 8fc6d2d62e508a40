#pragma once

#include "kernels/primitives.cuh"
#include "kernels/work.hpp"

namespace remit::gpu::device {

/// Bytes [shift, shift + 16) of two neighbouring vectors, for shifts of 1 to 15. The words are chosen by selects: an
/// index known only at run time would send the array to local memory.
__device__ inline Vector funnel(const Vector& low, const Vector& high, std::uint32_t shift) {
    std::uint32_t word[8];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        word[i] = low.word[i];
        word[i + 4] = high.word[i];
    }
#pragma unroll
    for (int i = 0; i < 6; ++i) word[i] = (shift & 8u) != 0 ? word[i + 2] : word[i];
#pragma unroll
    for (int i = 0; i < 5; ++i) word[i] = (shift & 4u) != 0 ? word[i + 1] : word[i];
    Vector result;
#pragma unroll
    for (int i = 0; i < 4; ++i) result.word[i] = shift_right(word[i], word[i + 1], (shift & 3u) * 8);
    return result;
}

template <Mode kMode>
__device__ inline Vector load_slot(std::uint64_t source) {
    Vector v = {{0, 0, 0, 0}};
    if constexpr (kMode == Mode::wide) {
        v = load16(source);
    } else if constexpr (kMode == Mode::funnel) {
        const std::uint64_t word = source & ~std::uint64_t{15};
        const Vector low = load16_shared(word);
        const Vector high = load16_shared(word + 16);
        v = funnel(low, high, static_cast<std::uint32_t>(source & 15u));
    } else if constexpr (kMode == Mode::eight) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const std::uint64_t half = load8(source + 8u * static_cast<std::uint32_t>(i));
            v.word[2 * i] = static_cast<std::uint32_t>(half);
            v.word[2 * i + 1] = static_cast<std::uint32_t>(half >> 32);
        }
    } else if constexpr (kMode == Mode::four) {
#pragma unroll
        for (std::uint32_t i = 0; i < 4; ++i) v.word[i] = load4(source + 4 * i);
    } else if constexpr (kMode == Mode::two) {
#pragma unroll
        for (std::uint32_t i = 0; i < 8; ++i) v.word[i / 2] |= load2(source + 2 * i) << (16 * (i % 2));
    } else if constexpr (kMode == Mode::one) {
#pragma unroll
        for (std::uint32_t i = 0; i < 16; ++i) v.word[i / 4] |= load1(source + i) << (8 * (i % 4));
    }
    return v;
}

__device__ inline Vector load_slot(Mode mode, std::uint64_t source) {
    switch (mode) {
        case Mode::zeros: return load_slot<Mode::zeros>(source);
        case Mode::wide: return load_slot<Mode::wide>(source);
        case Mode::eight: return load_slot<Mode::eight>(source);
        case Mode::funnel: return load_slot<Mode::funnel>(source);
        case Mode::four: return load_slot<Mode::four>(source);
        case Mode::two: return load_slot<Mode::two>(source);
        default: return load_slot<Mode::one>(source);
    }
}

__device__ inline void copy_edge_step(Mode mode, std::uint64_t source, std::uint64_t destination, std::uint32_t width) {
    const bool zeros = mode == Mode::zeros;
    switch (width) {
        case 8: return store8(destination, zeros ? 0 : load8(source));
        case 4: return store4(destination, zeros ? 0 : load4(source));
        case 2: return store2(destination, zeros ? 0 : load2(source));
        default: return store1(destination, zeros ? 0 : load1(source));
    }
}

/// A slot that belongs to the piece in part: not a byte more is read or written, since what is beside it may be
/// another piece's, written by another thread.
__device__ inline void copy_edge(Mode mode, const Slot& slot) {
    for (std::uint32_t at = slot.begin; at < slot.end;) {
        const std::uint64_t source = mode == Mode::zeros ? 0 : slot.source + at;
        const std::uint32_t width = edge_width(source, slot.destination + at, slot.end - at);
        copy_edge_step(mode, source, slot.destination + at, width);
        at += width;
    }
}

}  // namespace remit::gpu::device
