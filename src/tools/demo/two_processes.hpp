#pragma once

#include <string>
#include <vector>

#include "tools/demo/demo_keys.hpp"
#include "tools/demo/devices.hpp"
#include "tools/report/console.hpp"
#include "tools/run/stop.hpp"
#include "tools/run/workload.hpp"

namespace remit::tools {

/// Runs each half in a process of its own, as two machines would, over 127.0.0.1 and an RDMA device.
/// Whatever the children do, it ends: they are watched, given a deadline, and reaped.
/// @throws Error with what a child could not do.
[[nodiscard]] Report run_two_processes(const Workload& work, const DevicePair& devices, const DemoKeys& keys,
                                       Console& console, const Stop& stop);

/// The command line of one half; `endpoint` is the embedding worker's.
[[nodiscard]] std::vector<std::string> half_arguments(const Options& options, Command command,
                                                      const std::string& device, const std::string& endpoint);

}  // namespace remit::tools
