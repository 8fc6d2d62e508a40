#include "tools/report/console.hpp"

#include <iostream>

#include "tools/report/timeline.hpp"

namespace remit::tools {

Console::Console(const Options& options)
    : json_(options.json), command_(options.command), human_(options.json ? std::cerr : std::cout) {}

void Console::ready(Side side, const std::string& endpoint, const std::string& device) {
    if (command_ != Command::embed) return;  // who connects need not be found
    say(std::string(to_string(side)) + " worker on " + device + " listens at " + endpoint);
}

void Console::timeline(const TimelineEvent& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
}

void Console::progress(const Progress& progress) {
    const std::lock_guard lock(mutex_);
    bar_.show(progress);
}

void Console::say(const std::string& line) {
    const std::lock_guard lock(mutex_);
    bar_.erase();
    human_ << line << std::endl;
}

ExitStatus Console::finish(const Report& report, std::uint64_t tokens_wanted) {
    const std::lock_guard lock(mutex_);
    bar_.erase();
    const std::vector<std::string> lines = timeline_lines(std::move(events_));
    for (const std::string& line : lines) human_ << line << "\n";
    human_ << verdict(report, tokens_wanted, command_) << std::endl;
    if (json_) std::cout << to_json(report) << std::endl;
    return exit_status_of(report);
}

}  // namespace remit::tools
