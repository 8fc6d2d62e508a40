#pragma once

#include "sim/reduction.hpp"
#include "sim/run.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace remit::sim {

struct Shrunk {
    Reduction reduction;
    Outcome before;
    Outcome after;            ///< of the smallest history found; fails in the same way
    std::uint64_t tried = 0;  ///< histories
};

/// Looks for the smallest history of a failing seed that fails in the same way: fewer workers, rooms, tokens, kinds of
/// faults and steps, then single misfortunes left out. Nothing is taken away from a seed that does not fail.
[[nodiscard]] Shrunk shrink(std::uint64_t seed, std::string_view scenario, Sabotage sabotage);

/// The command that runs what is left again.
[[nodiscard]] std::string replay_command(std::uint64_t seed, std::string_view scenario, Sabotage sabotage,
                                         const Reduction& reduction);
[[nodiscard]] std::string report_text(std::uint64_t seed, std::string_view scenario, Sabotage sabotage,
                                      const Shrunk& shrunk);

}  // namespace remit::sim
