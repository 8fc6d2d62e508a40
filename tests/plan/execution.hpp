#pragma once

#include "memory_pool.hpp"
#include "plan/round.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace remit::plan {

/// A destination byte of the request and where it must come from.
struct Expected {
    std::uint64_t source = 0;  ///< 0: not payload
};

/// Byte by byte, from the formula of the layout alone: the source address of every destination byte of the pool.
[[nodiscard]] std::vector<Expected> reference_of(const RoundRequest& request, const MemoryPool& destination);

/// Carries out the plan on real bytes, with every rule of a plan checked on the way, and compares the
/// destination with the reference: payload right and written once, filler zero and inside the round's own blocks,
/// everything else untouched.
[[nodiscard]] ::testing::AssertionResult execute(const RoundRequest& request, const RoundSettings& settings,
                                                 const RoundPlan& plan, MemoryPool& destination);

}  // namespace remit::plan
