#pragma once

#include "tools/cli/options.hpp"
#include "tools/exit_status.hpp"

namespace remit::tools {

[[nodiscard]] ExitStatus run_demo(const Options& options);
[[nodiscard]] ExitStatus run_embed(const Options& options);
[[nodiscard]] ExitStatus run_language(const Options& options);
[[nodiscard]] ExitStatus run_bench(const Options& options);
[[nodiscard]] ExitStatus run_keygen(const Options& options);
[[nodiscard]] ExitStatus run_doctor(const Options& options);
[[nodiscard]] ExitStatus run_trace_merge(const Options& options);
[[nodiscard]] ExitStatus run_config(const Options& options);
[[nodiscard]] ExitStatus run_bootstrap(const Options& options);
[[nodiscard]] ExitStatus run_top(const Options& options);

}  // namespace remit::tools
