#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace remit::sim {

/// xoshiro256** seeded by splitmix64, with integer distributions of its own: those of the standard library differ from
/// one implementation to the next, and a seed must mean the same history everywhere.
class Random {
public:
    explicit Random(std::uint64_t seed) {
        for (std::uint64_t& word : state_) word = split_mix(seed);
    }

    std::uint64_t next() {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    /// 0 … bound-1.
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : (next() >> 32) * bound >> 32; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    bool percent(std::uint64_t chance) { return below(100) < chance; }

    /// One of the values.
    template <class T, std::size_t N>
    T pick(const T (&values)[N]) {
        return values[below(N)];
    }

    template <class Sequence>
    void shuffle(Sequence& sequence) {
        for (std::size_t i = sequence.size(); i > 1; --i) std::swap(sequence[i - 1], sequence[below(i)]);
    }

private:
    static std::uint64_t rotate(std::uint64_t value, int bits) { return value << bits | value >> (64 - bits); }
    static std::uint64_t split_mix(std::uint64_t& seed) {
        seed += 0x9e3779b97f4a7c15u;
        std::uint64_t z = seed;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        return z ^ z >> 31;
    }

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace remit::sim
