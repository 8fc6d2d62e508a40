#pragma once

#include <string>
#include <vector>

#include "tools/demo/demo_keys.hpp"
#include "tools/demo/devices.hpp"
#include "tools/report/console.hpp"
#include "tools/run/stop.hpp"
#include "tools/run/workload.hpp"

namespace remit::tools {

/// Runs each worker in a process of its own, as machines would, over 127.0.0.1 and RDMA devices: the embedding worker
/// on the sender's, the language workers, one a rank, on the receiver's.
/// Whatever the children do, it ends: they are watched, given a deadline, and reaped.
/// @throws Error with what a child could not do.
[[nodiscard]] Report run_own_processes(const Workload& work, const DevicePair& devices, const DemoKeys& keys,
                                       Console& console, const Stop& stop);

/// The command line of one half; `endpoint` is the embedding worker's. The guess of a language worker is the first of
/// `options.allocate`.
[[nodiscard]] std::vector<std::string> half_arguments(const Options& options, Command command,
                                                      const std::string& device, const std::string& endpoint);

}  // namespace remit::tools
