#pragma once

#include "memory/copy.hpp"
#include "plan/pieces.hpp"

namespace remit::plan {

/// Appends the copies that move a round out of its blocks into contiguous tensors, neighbours merged; aux is
/// left out, since it is kept from round 0. The error names the values.
/// @param round   the blocks of the round, holding tokens from round.first_token on
/// @param tensors place_tensors() of the whole request
/// @param order   scratch
[[nodiscard]] tl::expected<void, std::string> plan_scatter(const Layout& layout, const Side& round,
                                                           const BlockMap& tensors, const TokenRange& range,
                                                           std::vector<memory::Copy>& copies, BlockOrder& order);
[[nodiscard]] tl::expected<void, std::string> plan_scatter(const Layout& layout, const Side& round,
                                                           const BlockMap& tensors, const TokenRange& range,
                                                           std::vector<memory::Copy>& copies);

}  // namespace remit::plan
