#pragma once

#include <chrono>
#include <span>

namespace remit::tools {

/// Asks a run to end: SIGINT and SIGTERM do, and so does request(). Make it before any thread, which then leave
/// these signals to it.
class Stop {
public:
    /// @throws Error(environment).
    Stop();
    ~Stop();
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    [[nodiscard]] bool requested() const;
    /// Safe from any thread.
    void request() const;
    /// Sleeps until one of the descriptors is readable, the end is asked for, or the time has passed.
    void wait(std::span<const int> descriptors, std::chrono::milliseconds time) const;

private:
    int signals_ = -1;
    int request_ = -1;
};

}  // namespace remit::tools
