#pragma once

#include "fabric/fabric.hpp"

namespace remit::fabric::verbs {

/// @throws Error(bad_argument) naming the first option outside its range, its value and the range.
void check(const VerbsOptions& options);

/// The path MTU to use, in bytes. @throws Error(environment) where more is asked for than the port has now.
[[nodiscard]] std::uint32_t choose_mtu(std::uint32_t wanted, std::uint32_t port_mtu);

}  // namespace remit::fabric::verbs
