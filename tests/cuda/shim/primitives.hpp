#pragma once

// The CPU's side of kernels/primitives.cuh: the real kernel sources compile against this as C++. Accesses are plain
// ones on real memory, so that the address sanitizer sees what is out of bounds and the thread sanitizer what is not
// ordered; each is checked and counted on the way.
// What this cannot show: whether a NIC sees the bytes that the release store covers, and how the async proxy of bulk
// copies is ordered. The first is the platform's promise, the second is not used.

#include "shim/recorder.hpp"

#include <atomic>
#include <cstdint>
#include <cstring>

#define __global__
#define __device__
#define __grid_constant__
#define __launch_bounds__(...)

namespace remit::gpu::shim {

struct Index {
    std::uint32_t x = 0;
};

void block_barrier();
/// Of the block that the calling thread is in; `words` at most kBlockWords.
std::uint32_t* block_words(std::uint32_t words);
inline constexpr std::uint32_t kBlockWords = 4096;

}  // namespace remit::gpu::shim

inline thread_local remit::gpu::shim::Index threadIdx;
inline thread_local remit::gpu::shim::Index blockIdx;
inline thread_local remit::gpu::shim::Index blockDim;
inline thread_local remit::gpu::shim::Index gridDim;

inline void __syncthreads() {
    remit::gpu::shim::block_barrier();
}

namespace remit::gpu::device {

struct Vector {
    std::uint32_t word[4];
};

template <class T>
inline T load(std::uint64_t address, shim::Access access) {
    T value{};
    if (!shim::may_read(address, sizeof(T), access)) return value;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof(T));
    return value;
}

template <class T>
inline void store(std::uint64_t address, const T& value) {
    if (!shim::may_write(address, sizeof(T))) return;
    std::memcpy(reinterpret_cast<void*>(address), &value, sizeof(T));
}

inline Vector load16(std::uint64_t address) {
    return load<Vector>(address, shim::Access::wide);
}
inline Vector load16_shared(std::uint64_t address) {
    return load<Vector>(address, shim::Access::funnel);
}
inline std::uint64_t load8(std::uint64_t address) {
    return load<std::uint64_t>(address, shim::Access::eight);
}
inline std::uint32_t load4(std::uint64_t address) {
    return load<std::uint32_t>(address, shim::Access::four);
}
inline std::uint32_t load2(std::uint64_t address) {
    return load<std::uint16_t>(address, shim::Access::two);
}
inline std::uint32_t load1(std::uint64_t address) {
    return load<std::uint8_t>(address, shim::Access::one);
}

inline void store16(std::uint64_t address, const Vector& v) {
    store(address, v);
}
inline void store8(std::uint64_t address, std::uint64_t v) {
    store(address, v);
}
inline void store4(std::uint64_t address, std::uint32_t v) {
    store(address, v);
}
inline void store2(std::uint64_t address, std::uint32_t v) {
    store(address, static_cast<std::uint16_t>(v));
}
inline void store1(std::uint64_t address, std::uint32_t v) {
    store(address, static_cast<std::uint8_t>(v));
}

inline std::uint32_t shift_right(std::uint32_t low, std::uint32_t high, std::uint32_t bits) {
    return static_cast<std::uint32_t>((std::uint64_t{high} << 32 | low) >> bits);
}

template <std::uint32_t Words>
std::uint32_t* block_words() {
    static_assert(Words <= shim::kBlockWords);
    return shim::block_words(Words);
}

inline std::uint32_t take_ticket(std::uint32_t* ticket, std::uint32_t last) {
    shim::count_ticket();
    std::atomic_ref<std::uint32_t> shared(*ticket);
    std::uint32_t old = shared.load(std::memory_order_relaxed);
    while (!shared.compare_exchange_weak(old, old >= last ? 0 : old + 1, std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
    }
    return old;
}

inline void publish(std::uint64_t* word, std::uint64_t value) {
    shim::count_publish();
    std::atomic_ref<std::uint64_t>(*word).store(value, std::memory_order_release);
}

}  // namespace remit::gpu::device
