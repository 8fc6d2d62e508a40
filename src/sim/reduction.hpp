#pragma once

#include "sim/settings.hpp"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remit::sim {

/// What is taken away from a seed's history to see whether it still fails without. The seed's settings are cut down,
/// and then, where there is a `salt`, other numbers are drawn for what happens.
struct Reduction {
    std::uint64_t salt = 0;  ///< 0: what happens is drawn as without a reduction
    std::optional<std::uint64_t> embeddings;
    std::optional<std::uint64_t> languages;
    std::optional<std::uint64_t> rooms;
    std::optional<std::uint64_t> tokens;
    std::optional<std::uint64_t> steps;
    std::bitset<kFaults> without;
    std::vector<std::uint64_t>
        dropped;  ///< misfortunes that do not happen, by the order in which they would; ascending

    void apply(Settings& settings) const;
    [[nodiscard]] bool drops(std::uint64_t misfortune) const;
    /// As --reduce takes it, "" where nothing is taken away: "salt=3 rooms=1 without=loss,stall dropped=0,4".
    [[nodiscard]] std::string text() const;
    /// @throws Error(bad_argument) naming the word and what is permitted.
    [[nodiscard]] static Reduction parse(std::string_view text);
};

}  // namespace remit::sim
