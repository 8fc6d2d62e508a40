#pragma once

#include <sys/types.h>

namespace remit::tools {

/// CPU time of this process and of one other on this machine.
class CpuClock {
public:
    /// @param other 0: none
    explicit CpuClock(pid_t other = 0);
    /// User and system time spent so far by all threads.
    [[nodiscard]] double seconds() const;

private:
    clockid_t other_ = 0;
    bool has_other_ = false;
};

}  // namespace remit::tools
