#include <algorithm>
#include <array>

#include "tools/doctor/checks.hpp"

namespace remit::tools::doctor {
namespace {

/// Sources that a program reads without a system call, or nearly so.
constexpr std::array<std::string_view, 5> kFast{"tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page",
                                                "timebase"};

}  // namespace

std::vector<Finding> check_clock(const Machine& machine) {
    Findings findings;
    constexpr std::string_view kSource = "sys/devices/system/clocksource/clocksource0/current_clocksource";
    if (const auto source = machine.line(kSource)) {
        if (std::find(kFast.begin(), kFast.end(), *source) != kFast.end()) {
            findings.ok("clock.source", "", *source);
        } else {
            findings.add(Verdict::warning, "clock.source", "", *source,
                         "look at /sys/devices/system/clocksource/clocksource0/available_clocksource and write a "
                         "faster one (tsc) "
                         "into current_clocksource; if the kernel dropped it `dmesg | grep -i clocksource` says why");
        }
    }
    if (!machine.clock_synchronised) {
        findings.add(Verdict::unknown, "clock.synchronised", "", "the kernel does not tell", "look at `timedatectl`");
    } else if (*machine.clock_synchronised) {
        findings.ok("clock.synchronised", "", "the kernel's clock is kept by a time service");
    } else {
        findings.add(Verdict::warning, "clock.synchronised", "", "no time service keeps the clock",
                     "apt-get install chrony (or ptp4l with phc2sys, where microseconds matter)");
    }
    return findings.take();
}

}  // namespace remit::tools::doctor
