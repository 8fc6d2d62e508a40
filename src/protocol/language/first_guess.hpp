#pragma once

#include <remit/options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace remit::protocol::language {

/// What a room whose user gives no expected_tokens asks for: the share-quantile of the lengths of the latest requests.
/// The window of lengths is counted in buckets a thirty-second of an octave wide, so that a length costs a few steps
/// whatever the window's size, one length moves the guess by one rank whatever its value, and `history` lengths after
/// a change the past is forgotten. No heap after construction. Owned by one thread.
class FirstGuess {
public:
    explicit FirstGuess(const GuessOptions& options);

    /// A length was told: the request's, once, however it was asked for.
    void learn(std::uint64_t tokens) noexcept;

    /// The guess in tokens within its bounds, memory aside; at most a thirty-second above the exact quantile.
    [[nodiscard]] std::uint64_t tokens() const noexcept;
    /// The blocks to ask for: those of tokens(), but of `free` blocks no more than the permitted share, and at least one.
    [[nodiscard]] std::uint64_t blocks(std::uint32_t free, std::uint32_t block_size) const noexcept;

    [[nodiscard]] std::uint32_t lengths() const noexcept { return filled_; }  ///< in the window

private:
    // Below 32 each length is a bucket; above, each power of two has 32. Lengths end at 2^31 - 1, as aux[0] does.
    static constexpr std::uint32_t kSubBits = 5;
    static constexpr std::uint32_t kSub = 1u << kSubBits;
    static constexpr std::size_t kBuckets = std::size_t{kSub} * (31 - kSubBits + 1);

    [[nodiscard]] static std::uint16_t bucket_of(std::uint64_t tokens) noexcept;
    [[nodiscard]] static std::uint64_t top_of(std::size_t bucket) noexcept;
    void seek() noexcept;

    GuessOptions options_;
    std::array<std::uint32_t, kBuckets> counts_{};
    std::vector<std::uint16_t> window_;  ///< a ring: bucket of each length
    std::uint32_t next_ = 0;
    std::uint32_t filled_ = 0;
    std::size_t at_ = 0;       ///< bucket of the quantile
    std::uint32_t below_ = 0;  ///< lengths in the buckets below it
};

}  // namespace remit::protocol::language
