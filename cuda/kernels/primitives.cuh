#pragma once

// Every access to memory that a kernel makes outside its parameters goes through one of these functions. On the CPU
// the same names check, count and then make the access, so that the real kernels run under sanitizers.
#if !defined(__CUDACC__)
#include "shim/primitives.hpp"
#else

#include <cstdint>

namespace remit::gpu::device {

struct Vector {
    std::uint32_t word[4];
};

// Loads are non-coherent, which is legal for memory that nobody writes while the kernel runs: sources were written
// by earlier kernels (a launch drops stale lines), by copies, or by a NIC before the flush that precedes the launch,
// and a caller leaves them alone until its send has ended. No piece's source is another's destination.
// They allocate nothing in L1, which belongs to the model; but for the funnel shift, whose neighbours read each
// word twice.

__device__ inline Vector load16(std::uint64_t address) {
    Vector v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.word[0]), "=r"(v.word[1]), "=r"(v.word[2]), "=r"(v.word[3])
                 : "l"(address));
    return v;
}

__device__ inline Vector load16_shared(std::uint64_t address) {
    Vector v;
    asm volatile("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.word[0]), "=r"(v.word[1]), "=r"(v.word[2]), "=r"(v.word[3])
                 : "l"(address));
    return v;
}

__device__ inline std::uint64_t load8(std::uint64_t address) {
    std::uint64_t v;
    asm volatile("ld.global.nc.L1::no_allocate.u64 %0, [%1];" : "=l"(v) : "l"(address));
    return v;
}

__device__ inline std::uint32_t load4(std::uint64_t address) {
    std::uint32_t v;
    asm volatile("ld.global.nc.L1::no_allocate.u32 %0, [%1];" : "=r"(v) : "l"(address));
    return v;
}

// Narrow loads of neighbours share lines, as in the funnel shift.
__device__ inline std::uint32_t load2(std::uint64_t address) {
    std::uint16_t v;
    asm volatile("ld.global.nc.u16 %0, [%1];" : "=h"(v) : "l"(address));
    return v;
}

__device__ inline std::uint32_t load1(std::uint64_t address) {
    std::uint32_t v;
    asm volatile("ld.global.nc.u8 %0, [%1];" : "=r"(v) : "l"(address));
    return v;
}

// Stores write back by default: the lines stay in L2, from where the NIC reads them.

__device__ inline void store16(std::uint64_t address, const Vector& v) {
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(address), "r"(v.word[0]), "r"(v.word[1]),
                 "r"(v.word[2]), "r"(v.word[3])
                 : "memory");
}

__device__ inline void store8(std::uint64_t address, std::uint64_t v) {
    asm volatile("st.global.u64 [%0], %1;" ::"l"(address), "l"(v) : "memory");
}

__device__ inline void store4(std::uint64_t address, std::uint32_t v) {
    asm volatile("st.global.u32 [%0], %1;" ::"l"(address), "r"(v) : "memory");
}

__device__ inline void store2(std::uint64_t address, std::uint32_t v) {
    asm volatile("st.global.u16 [%0], %1;" ::"l"(address), "h"(static_cast<std::uint16_t>(v)) : "memory");
}

__device__ inline void store1(std::uint64_t address, std::uint32_t v) {
    asm volatile("st.global.u8 [%0], %1;" ::"l"(address), "r"(v) : "memory");
}

/// The low word of (high:low) >> bits, for bits of 0 to 31.
__device__ inline std::uint32_t shift_right(std::uint32_t low, std::uint32_t high, std::uint32_t bits) {
    return __funnelshift_r(low, high, bits);
}

/// Words in shared memory, the same for all threads of a block.
template <std::uint32_t Words>
__device__ inline std::uint32_t* block_words() {
    __shared__ std::uint32_t words[Words];
    return words;
}

/// Adds one, or goes back to 0 from `last`; returns what was there. The only read-modify-write of a kernel, in
/// device memory and at device scope: its acquire and release carry every block's bytes to the block that is last.
__device__ inline std::uint32_t take_ticket(std::uint32_t* ticket, std::uint32_t last) {
    std::uint32_t old;
    asm volatile("atom.acq_rel.gpu.global.inc.u32 %0, [%1], %2;"
                 : "=r"(old)
                 : "l"(__cvta_generic_to_global(ticket)), "r"(last)
                 : "memory");
    return old;
}

/// A plain store, which needs no atomics across PCIe as a read-modify-write of host memory would. Being a release at
/// system scope it comes after all that its thread has seen, the other blocks' bytes among it.
/// The memory model knows threads, not NICs: that a NIC which is told afterwards reads these bytes is a property of
/// the platform (GPUDirect reads pass through L2), and no test on a CPU sees it.
__device__ inline void publish(std::uint64_t* word, std::uint64_t value) {
    asm volatile("st.release.sys.global.u64 [%0], %1;" ::"l"(__cvta_generic_to_global(word)), "l"(value) : "memory");
}

}  // namespace remit::gpu::device

#endif
