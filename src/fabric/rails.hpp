#pragma once

#include "fabric/fabric.hpp"

#include <memory>
#include <vector>

namespace remit::fabric {

/// Several devices as one fabric, its rails in this order: memory is registered on each, a queue pair is made on the one
/// that its options name, completions of all arrive in one queue, one descriptor wakes. Limits are the smallest of all.
/// One rail is returned as it is. @throws Error(bad_argument) for none or more than kMaxRails.
[[nodiscard]] std::unique_ptr<Fabric> join_rails(std::vector<std::unique_ptr<Fabric>> rails);

}  // namespace remit::fabric
