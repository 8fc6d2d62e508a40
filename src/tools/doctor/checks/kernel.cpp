#include <spdlog/fmt/fmt.h>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

void check_version(const Machine& machine, Findings& findings) {
    const auto text = machine.line("proc/sys/kernel/osrelease");
    const auto release = text ? kernel_release_of(*text) : std::nullopt;
    if (!release) return;
    if (*release >= KernelRelease{5, 12}) return findings.ok("kernel.version", "", "Linux " + *text);
    findings.add(Verdict::warning, "kernel.version", "", "Linux " + *text + ": it cannot register dma-bufs",
                 "5.12 or later, where GPU memory is to be reached without nvidia-peermem");
}

/// Pools ask for transparent huge pages (MADV_HUGEPAGE).
void check_huge_pages(const Machine& machine, Findings& findings) {
    const auto modes = machine.line("sys/kernel/mm/transparent_hugepage/enabled");
    if (!modes) return;
    const bool never = modes->find("[never]") != std::string::npos;
    const auto reserved = number_in(machine.value("proc/meminfo", "HugePages_Total").value_or("0")).value_or(0);
    const std::string found = fmt::format("transparent huge pages: {}; reserved: {}", *modes, reserved);
    if (!never) return findings.ok("kernel.huge_pages", "", found);
    findings.add(Verdict::warning, "kernel.huge_pages", "", found + ": pools lie on pages of 4 KiB",
                 "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
}

void check_on_demand_paging(const Machine& machine, Findings& findings) {
    for (const auto& [device, has] : machine.rdma.on_demand_paging) {
        findings.ok("kernel.odp", device, has ? "the device has it" : "the device has none");
    }
}

}  // namespace

std::vector<Finding> check_kernel(const Machine& machine) {
    Findings findings;
    check_version(machine, findings);
    check_huge_pages(machine, findings);
    check_on_demand_paging(machine, findings);
    return findings.take();
}

}  // namespace remit::tools::doctor
