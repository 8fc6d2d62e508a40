#pragma once

#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "tools/cli/options.hpp"
#include "tools/report/progress_bar.hpp"
#include "tools/report/report.hpp"
#include "tools/run/observer.hpp"

namespace remit::tools {

/// Shows a run to a person: progress while it lasts, then the timeline and the verdict. With --json all of that goes
/// to stderr and the report to stdout. Thread-safe.
class Console final : public Observer {
public:
    explicit Console(const Options& options);

    void ready(Side side, const std::string& endpoint, const std::string& device) override;
    void timeline(const TimelineEvent& event) override;
    void progress(const Progress& progress) override;

    void say(const std::string& line);
    ExitStatus finish(const Report& report, std::uint64_t tokens_wanted);

private:
    std::mutex mutex_;
    const bool json_;
    const Command command_;
    std::ostream& human_;
    ProgressBar bar_;
    std::vector<TimelineEvent> events_;
};

}  // namespace remit::tools
