#include <iostream>

#include "tools/commands.hpp"
#include "tools/trace/merge.hpp"

namespace remit::tools {

ExitStatus run_trace_merge(const Options& options) {
    const MergeReport report = merge_traces(options.trace_files, options.trace_output);
    for (const std::string& line : report.lines) std::cout << line << "\n";
    std::cout << options.trace_output << ": open it in ui.perfetto.dev" << std::endl;
    return report.violations == 0 ? ExitStatus::verified : ExitStatus::failed;
}

}  // namespace remit::tools
