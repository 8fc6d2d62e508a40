#pragma once

#include <string>
#include <vector>

#include "tools/bench/sender.hpp"
#include "tools/demo/child_process.hpp"

namespace remit::tools {

/// The sending half of a bench in a process of its own.
class SenderProcess {
public:
    /// Starts it and waits until it listens. @throws Error with what it had to say where it does not get that far.
    SenderProcess(const std::vector<std::string>& arguments, const Stop& stop);

    [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
    [[nodiscard]] pid_t pid() const noexcept { return child_.pid(); }
    /// Waits for its end, or brings it about where `finished` is false, and returns what it counted.
    [[nodiscard]] BenchSenderReport report(bool finished, const Stop& stop);

private:
    /// The next whole line that it has said; empty at its end. @throws Error where it reports one.
    std::string next_line(const Stop& stop);

    ChildProcess child_;
    std::string unread_;
    std::string endpoint_;
};

}  // namespace remit::tools
