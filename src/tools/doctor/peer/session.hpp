#pragma once

#include <vector>

#include "tools/cli/options.hpp"
#include "tools/doctor/finding.hpp"
#include "tools/doctor/machine.hpp"
#include "tools/run/stop.hpp"

/// Two doctors: facts are compared, then each sends to the other what `remit bench` sends, by its code.
namespace remit::tools::doctor {

/// Asks the doctor that listens at options.peer, and hands back what both found out. Control goes over the port that is
/// named (7700 unless another is), transfers over the two behind it.
[[nodiscard]] std::vector<Finding> ask_peer(const Machine& machine, const Options& options, const Stop& stop);

/// Waits at options.listen for one doctor that asks, and hands back what both found out.
/// @throws Error(environment) where nothing can be listened at, or the peer goes.
[[nodiscard]] std::vector<Finding> answer_peer(const Machine& machine, const Options& options, const Stop& stop);

}  // namespace remit::tools::doctor
