#include "tools/bench/cpu_clock.hpp"

#include <time.h>

namespace remit::tools {
namespace {

double read(clockid_t clock) {
    timespec time{};
    if (clock_gettime(clock, &time) != 0) return 0;  // the process has gone: it spends no more
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

CpuClock::CpuClock(pid_t other) : has_other_(other > 0 && clock_getcpuclockid(other, &other_) == 0) {}

double CpuClock::seconds() const {
    return read(CLOCK_PROCESS_CPUTIME_ID) + (has_other_ ? read(other_) : 0);
}

}  // namespace remit::tools
