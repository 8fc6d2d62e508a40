#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tools/demo/child_process.hpp"
#include "tools/report/event_lines.hpp"
#include "tools/run/observer.hpp"

namespace remit::tools {

/// One half of a demo in a process of its own, as the demo sees it.
class HalfProcess {
public:
    HalfProcess(Side side, const std::vector<std::string>& arguments) : side_(side), child_(arguments) {}

    /// Takes what the process has said and passes it on; also notices its end.
    void read(Observer& observer);

    [[nodiscard]] int output() const noexcept { return child_.output(); }
    /// It says no more.
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    /// It has told how it ended, or has died without.
    [[nodiscard]] bool settled() const noexcept { return report_ || error_ || ended_; }
    [[nodiscard]] bool succeeded() const noexcept { return report_ && report_->status == Status::Success; }
    [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }

    void signal(int number) const { child_.signal(number); }
    /// The other half is ready: begin.
    void say_go() const { child_.say_go(); }
    /// Lets the process go, and sees to it that it does.
    void finish(std::chrono::milliseconds patience);

    [[nodiscard]] const std::optional<HalfReport>& report() const noexcept { return report_; }
    [[nodiscard]] const std::optional<ErrorEvent>& error() const noexcept { return error_; }
    /// After finish(): a death or an exit status that its words do not explain.
    [[nodiscard]] std::string unexplained_end() const;

private:
    void take(const Event& event, Observer& observer);

    Side side_;
    ChildProcess child_;
    std::string unread_;
    std::string endpoint_;
    std::optional<HalfReport> report_;
    std::optional<ErrorEvent> error_;
    bool ended_ = false;
    bool killed_ = false;
};

}  // namespace remit::tools
