#include <spdlog/fmt/fmt.h>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

/// What a worker pins with the command's defaults: 256 blocks of 128 tokens of 4096 bf16, and four send regions of 4
/// MiB.
constexpr std::uint64_t kDefaultNeed = 256 * (128ULL * 4096 * 2 + 512 + 1536 + 64) + 4 * (4ULL << 20);

/// "remit.service" of "0::/system.slice/remit.service"; nothing for a person's session.
std::optional<std::string> unit_of(const Machine& machine) {
    for (const std::string& line : lines_of(machine.text("proc/self/cgroup").value_or(""))) {
        const std::size_t slash = line.rfind('/');
        const std::size_t end = line.find(".service", slash == std::string::npos ? 0 : slash);
        if (slash == std::string::npos || end == std::string::npos) continue;
        std::string unit = line.substr(slash + 1, end + 8 - slash - 1);
        if (!unit.starts_with("user@")) return unit;
    }
    return std::nullopt;
}

/// By where the limit comes from.
std::string remedy(const Machine& machine, const MemlockLimit& limit) {
    if (!limit.hard)
        return "ulimit -l unlimited in the shell or script that starts the worker: the hard limit permits it";
    if (const auto container = container_of(machine)) {
        if (*container == "Kubernetes") {
            return "securityContext: {capabilities: {add: [IPC_LOCK]}} for the container, and LimitMEMLOCK=infinity in "
                   "the unit "
                   "of the container runtime (containerd.service)";
        }
        return "start the container with --ulimit memlock=-1:-1 --cap-add=IPC_LOCK";
    }
    if (const auto unit = unit_of(machine)) {
        return fmt::format("systemctl edit {0}, there [Service] and LimitMEMLOCK=infinity, then systemctl restart {0}",
                           *unit);
    }
    return "echo '* - memlock unlimited' > /etc/security/limits.d/90-remit.conf, log in again; for a systemd unit "
           "LimitMEMLOCK=infinity, for a container --ulimit memlock=-1:-1";
}

}  // namespace

std::vector<Finding> check_memlock(const Machine& machine) {
    Findings findings;
    const auto limit = memlock_limit(machine);
    if (!limit) {
        findings.add(Verdict::unknown, "memlock.limit", "", "/proc/self/limits does not tell", "look at `ulimit -l`");
        return findings.take();
    }
    const std::string found = limit->soft ? size_text(*limit->soft) : "unlimited";
    if (!limit->soft) {
        findings.ok("memlock.limit", "", found);
    } else if (has_ipc_lock(machine)) {
        findings.ok("memlock.limit", "",
                    found + ", which does not bind this process: it has CAP_IPC_LOCK (one of another user may not)");
    } else if (*limit->soft < kDefaultNeed) {
        findings.add(
            Verdict::problem, "memlock.limit", "",
            fmt::format("{} for all registrations of this process; a worker with the command's default pool needs {}",
                        found, size_text(kDefaultNeed)),
            remedy(machine, *limit));
    } else {
        findings.add(Verdict::warning, "memlock.limit", "",
                     found + " for all registrations of this process, pools of all sizes together",
                     remedy(machine, *limit));
    }
    return findings.take();
}

}  // namespace remit::tools::doctor
