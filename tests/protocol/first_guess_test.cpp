// The first guess: it converges to the quantile, adapts, stays in its bounds, and outliers do not move it.

#include "protocol/language/first_guess.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <vector>

namespace remit::protocol::language {
namespace {

GuessOptions options_of(double share, std::uint32_t history = 1024) {
    GuessOptions options;
    options.share = share;
    options.history = history;
    return options;
}

/// Lengths of three kinds of requests: text and a picture, several pictures, films.
std::uint64_t draw_length(std::mt19937_64& random) {
    const std::uint64_t kind = random() % 10;
    if (kind < 7) return 100 + random() % 1300;
    return kind < 9 ? 1500 + random() % 5000 : 8000 + random() % 20000;
}

std::uint64_t exact_quantile(std::deque<std::uint64_t> lengths, double share) {
    std::sort(lengths.begin(), lengths.end());
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(lengths.size())));
    return lengths[std::clamp<std::size_t>(rank, 1, lengths.size()) - 1];
}

/// At or above the exact quantile, by a thirty-second at most.
void expect_close(const FirstGuess& guess, std::uint64_t exact) {
    EXPECT_GE(guess.tokens(), exact);
    EXPECT_LE(guess.tokens(), exact + exact / 32);
}

TEST(FirstGuess, IsTheQuantileOfTheWindowAfterEveryLength) {
    for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
        for (const std::uint32_t history : {8u, 100u, 1024u}) {
            std::mt19937_64 random(static_cast<std::uint64_t>(share * 1000) + history);
            FirstGuess guess(options_of(share, history));
            std::deque<std::uint64_t> window;
            for (int i = 0; i < 2000; ++i) {
                const std::uint64_t length = draw_length(random);
                guess.learn(length);
                window.push_back(length);
                if (window.size() > history) window.pop_front();
                if (window.size() >= 8) expect_close(guess, exact_quantile(window, share));
            }
            EXPECT_EQ(guess.lengths(), history);
        }
    }
}

TEST(FirstGuess, ConvergesToTheShareOfRequestsThatNeedNoResume) {
    for (const double share : {0.5, 0.9, 0.98}) {
        std::mt19937_64 random(5);
        FirstGuess guess(options_of(share));
        int fit = 0;
        constexpr int kRequests = 20000;
        for (int i = 0; i < kRequests + 1024; ++i) {
            const std::uint64_t length = draw_length(random);
            if (i >= 1024 && length <= guess.tokens()) ++fit;
            guess.learn(length);
        }
        // Five standard deviations of so many draws, and what a window of 1024 is off by.
        const double most_off = 5 * std::sqrt(share * (1 - share) / kRequests) + std::sqrt(share * (1 - share) / 1024);
        EXPECT_NEAR(static_cast<double>(fit) / kRequests, share, most_off);
    }
}

TEST(FirstGuess, ForgetsThePastWithinItsHistory) {
    FirstGuess guess(options_of(0.9, 256));
    for (int i = 0; i < 5000; ++i) guess.learn(20000);
    expect_close(guess, 20000);
    // A tenth of the window may be longer than the guess: from then on it is of the new kind.
    for (int i = 0; i < 231; ++i) guess.learn(300);
    expect_close(guess, 300);
    for (int i = 0; i < 27; ++i) guess.learn(20000);
    expect_close(guess, 20000);
}

TEST(FirstGuess, OutliersDoNotMoveIt) {
    std::mt19937_64 random(11);
    FirstGuess guess(options_of(0.9));
    for (int i = 0; i < 2000; ++i) guess.learn(700 + random() % 100);
    const std::uint64_t before = guess.tokens();
    for (int i = 0; i < 80; ++i) guess.learn(2147483647);
    for (int i = 0; i < 10; ++i) guess.learn(1);
    EXPECT_LE(guess.tokens(), before + before / 16);
    EXPECT_GE(guess.tokens(), before - before / 16);
}

TEST(FirstGuess, StaysInItsBoundsWhateverIsTold) {
    GuessOptions options = options_of(0.9, 16);
    options.first_tokens = 1;
    options.least_tokens = 200;
    options.most_tokens = 5000;
    FirstGuess guess(options);
    EXPECT_EQ(guess.tokens(), 200u);
    for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 31}) {
        for (int i = 0; i < 40; ++i) {
            guess.learn(length);
            EXPECT_GE(guess.tokens(), 200u);
            EXPECT_LE(guess.tokens(), 5000u);
        }
    }
}

TEST(FirstGuess, EveryLengthIsAtMostAThirtySecondBelowItsGuess) {
    for (std::uint64_t length = 1; length <= 2147483647; length += 1 + length / 50) {
        FirstGuess guess(options_of(0.5, 8));
        for (int i = 0; i < 8; ++i) guess.learn(length);
        expect_close(guess, length);
    }
}

TEST(FirstGuess, BeforeEightLengthsItIsTheFirstTokens) {
    FirstGuess guess(options_of(0.9));
    for (int i = 0; i < 7; ++i) {
        EXPECT_EQ(guess.tokens(), 1024u);
        guess.learn(1'000'000);
    }
    guess.learn(1'000'000);
    EXPECT_GT(guess.tokens(), 1024u);
}

TEST(FirstGuess, TakesNoMoreThanItsShareOfTheFreeBlocksAndOneAtLeast) {
    GuessOptions options = options_of(0.9);
    options.free_share = 0.25;
    FirstGuess guess(options);
    for (int i = 0; i < 100; ++i) guess.learn(1280);
    EXPECT_EQ(guess.blocks(1000, 128), 11u) << "1280 tokens are the guess's bucket up to 1311";
    EXPECT_EQ(guess.blocks(40, 128), 10u);
    EXPECT_EQ(guess.blocks(16, 128), 4u);
    EXPECT_EQ(guess.blocks(3, 128), 1u);
    EXPECT_EQ(guess.blocks(0, 128), 1u) << "the caller has none to give";
    EXPECT_EQ(guess.blocks(1000, 4096), 1u);
}

TEST(FirstGuess, LearningTakesNoHeap) {
    static_assert(noexcept(std::declval<FirstGuess&>().learn(1)) && noexcept(std::declval<FirstGuess&>().blocks(1, 1)));
    FirstGuess guess(options_of(0.9));
    const auto before = mallinfo2();
    for (std::uint64_t i = 0; i < 5000; ++i) guess.learn(i * 977 % 30000);
    const auto after = mallinfo2();
    EXPECT_EQ(before.uordblks, after.uordblks);
    EXPECT_EQ(before.hblkhd, after.hblkhd);
}

}  // namespace
}  // namespace remit::protocol::language
