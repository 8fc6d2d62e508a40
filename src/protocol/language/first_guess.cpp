#include "protocol/language/first_guess.hpp"

#include "base/checked.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace remit::protocol::language {
namespace {

// Before as many lengths are known the guess is options.first_tokens: one early outlier must not set it.
constexpr std::uint32_t kEnough = 8;

constexpr std::uint64_t kMostTokens = (std::uint64_t{1} << 31) - 1;

}  // namespace

FirstGuess::FirstGuess(const GuessOptions& options) : options_(options), window_(std::max(options.history, kEnough)) {}

std::uint16_t FirstGuess::bucket_of(std::uint64_t tokens) noexcept {
    const auto value = static_cast<std::uint32_t>(std::min(tokens, kMostTokens));
    if (value < kSub) return static_cast<std::uint16_t>(value);
    const auto shift = static_cast<std::uint32_t>(std::bit_width(value)) - 1 - kSubBits;
    return static_cast<std::uint16_t>(kSub * shift + (value >> shift));
}

std::uint64_t FirstGuess::top_of(std::size_t bucket) noexcept {
    if (bucket < kSub) return bucket;
    const std::size_t shift = bucket / kSub - 1;
    return ((std::uint64_t{bucket} - kSub * shift + 1) << shift) - 1;
}

void FirstGuess::learn(std::uint64_t tokens) noexcept {
    if (filled_ == window_.size()) {
        const std::uint16_t oldest = window_[next_];
        --counts_[oldest];
        if (oldest < at_) --below_;
    } else {
        ++filled_;
    }
    const std::uint16_t bucket = bucket_of(tokens);
    window_[next_] = bucket;
    next_ = (next_ + 1) % static_cast<std::uint32_t>(window_.size());
    ++counts_[bucket];
    if (bucket < at_) ++below_;
    seek();
}

/// Moves to the bucket that holds the length of rank ceil(share * n).
void FirstGuess::seek() noexcept {
    const auto rank = static_cast<std::uint32_t>(std::ceil(options_.share * filled_));
    const std::uint32_t wanted = std::clamp<std::uint32_t>(rank, 1, filled_);
    while (below_ + counts_[at_] < wanted) below_ += counts_[at_++];
    while (below_ >= wanted) below_ -= counts_[--at_];
}

std::uint64_t FirstGuess::tokens() const noexcept {
    const std::uint64_t guess = filled_ < kEnough ? options_.first_tokens : top_of(at_);
    return std::clamp(guess, options_.least_tokens, options_.most_tokens);
}

std::uint64_t FirstGuess::blocks(std::uint32_t free, std::uint32_t block_size) const noexcept {
    const auto permitted = static_cast<std::uint64_t>(options_.free_share * free);
    return std::min(ceil_div(tokens(), block_size), std::max<std::uint64_t>(permitted, 1));
}

}  // namespace remit::protocol::language
