#pragma once

#include "tools/demo/demo_keys.hpp"
#include "tools/report/console.hpp"
#include "tools/run/stop.hpp"
#include "tools/run/workload.hpp"

namespace remit::tools {

/// Runs the embedding worker and every language worker in this process, a thread each: what the loopback fabric can
/// join.
[[nodiscard]] Report run_one_process(const Workload& work, const DemoKeys& keys, Console& console, const Stop& stop);

}  // namespace remit::tools
