#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace remit::tools {

/// This program again, as a child whose stdin and stdout are pipes of ours. Killed and reaped at the latest with
/// this object; should we die first, the kernel ends it.
class ChildProcess {
public:
    /// @throws Error(environment). Only before the first thread.
    explicit ChildProcess(const std::vector<std::string>& arguments);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] int output() const noexcept { return output_; }
    /// What has come on its stdout; nothing once it has closed it.
    [[nodiscard]] std::optional<std::string> read_some();
    /// A line on its stdin, which it may no longer read.
    void say_go() const;
    void close_input();
    void signal(int number) const;
    /// Waits at most so long; true once it has ended.
    bool wait(int milliseconds);
    /// How it ended: "exit status 1", "killed by signal 9"; empty for exit status 0 and while it runs.
    [[nodiscard]] std::string fault() const;
    [[nodiscard]] bool killed_by_signal() const noexcept;

private:
    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::optional<int> status_;
};

}  // namespace remit::tools
