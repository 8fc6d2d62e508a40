#include "memory/stream_copy.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace remit::memory {
namespace {

#if defined(__x86_64__)

constexpr std::size_t kLine = 64;

/// Bytes until the next line.
std::size_t to_line(const std::byte* address) noexcept {
    return (kLine - reinterpret_cast<std::uintptr_t>(address) % kLine) % kLine;
}

// Two lines a step; the source is asked for far enough ahead to hide a miss, and not to stay in the caches either.
constexpr std::size_t kStep = 2 * kLine;
constexpr std::size_t kAhead = 512;

template <class Vector>
Vector* at(std::byte* address) noexcept {
    return reinterpret_cast<Vector*>(address);
}
template <class Vector>
const Vector* at(const std::byte* address) noexcept {
    return reinterpret_cast<const Vector*>(address);
}

void ask_for(const std::byte* source) noexcept {
    _mm_prefetch(reinterpret_cast<const char*>(source + kAhead), _MM_HINT_NTA);
    _mm_prefetch(reinterpret_cast<const char*>(source + kAhead + kLine), _MM_HINT_NTA);
}

// `steps` times kStep bytes; the destination starts a line.

__attribute__((target("avx2"))) void copy_avx2(std::byte* destination, const std::byte* source, std::size_t steps) {
    for (; steps > 0; --steps, destination += kStep, source += kStep) {
        ask_for(source);
        const __m256i a = _mm256_loadu_si256(at<__m256i>(source));
        const __m256i b = _mm256_loadu_si256(at<__m256i>(source) + 1);
        const __m256i c = _mm256_loadu_si256(at<__m256i>(source) + 2);
        const __m256i d = _mm256_loadu_si256(at<__m256i>(source) + 3);
        _mm256_stream_si256(at<__m256i>(destination), a);
        _mm256_stream_si256(at<__m256i>(destination) + 1, b);
        _mm256_stream_si256(at<__m256i>(destination) + 2, c);
        _mm256_stream_si256(at<__m256i>(destination) + 3, d);
    }
}

/// What every x86-64 processor has.
void copy_sse2(std::byte* destination, const std::byte* source, std::size_t steps) {
    for (; steps > 0; --steps, destination += kStep, source += kStep) {
        ask_for(source);
        __m128i v[kStep / sizeof(__m128i)];
        for (std::size_t i = 0; i < std::size(v); ++i) v[i] = _mm_loadu_si128(at<__m128i>(source) + i);
        for (std::size_t i = 0; i < std::size(v); ++i) _mm_stream_si128(at<__m128i>(destination) + i, v[i]);
    }
}

void zero_sse2(std::byte* destination, std::size_t steps) {
    const __m128i zero = _mm_setzero_si128();
    for (; steps > 0; --steps, destination += kStep) {
        for (std::size_t i = 0; i < kStep / sizeof zero; ++i) _mm_stream_si128(at<__m128i>(destination) + i, zero);
    }
}

using CopySteps = void (*)(std::byte*, const std::byte*, std::size_t);

CopySteps copy_steps() noexcept {
    static const CopySteps chosen = __builtin_cpu_supports("avx2") ? copy_avx2 : copy_sse2;
    return chosen;
}

#endif

}  // namespace

std::uint64_t last_level_cache() noexcept {
    constexpr std::uint64_t kUntold = 32u << 20;
    static const std::uint64_t bytes = [] {
        // Not sysconf(): on processors with several such caches it tells their sum.
        std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
        std::uint64_t kibibytes = 0;
        file >> kibibytes;
        return file && kibibytes > 0 ? kibibytes << 10 : kUntold;
    }();
    return bytes;
}

#if defined(__x86_64__)

void stream_copy(std::byte* destination, const std::byte* source, std::size_t bytes) noexcept {
    const std::size_t head = std::min(bytes, to_line(destination));
    std::memcpy(destination, source, head);
    const std::size_t steps = (bytes - head) / kStep;
    copy_steps()(destination + head, source + head, steps);
    const std::size_t done = head + steps * kStep;
    std::memcpy(destination + done, source + done, bytes - done);
}

void stream_zeros(std::byte* destination, std::size_t bytes) noexcept {
    const std::size_t head = std::min(bytes, to_line(destination));
    std::memset(destination, 0, head);
    const std::size_t steps = (bytes - head) / kStep;
    zero_sse2(destination + head, steps);
    const std::size_t done = head + steps * kStep;
    std::memset(destination + done, 0, bytes - done);
}

void finish_streaming() noexcept { _mm_sfence(); }

#else

// The C library's copy knows this processor better than a loop here would.
void stream_copy(std::byte* destination, const std::byte* source, std::size_t bytes) noexcept {
    std::memcpy(destination, source, bytes);
}
void stream_zeros(std::byte* destination, std::size_t bytes) noexcept { std::memset(destination, 0, bytes); }
void finish_streaming() noexcept {}

#endif

}  // namespace remit::memory
