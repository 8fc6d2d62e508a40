#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

/// What the smallest worker creates on a device: a domain, a completion queue and queue pairs a session, regions.
constexpr std::uint64_t kFewestObjects = 16;
constexpr std::uint64_t kFewObjects = 1024;

struct CgroupFile {
    std::string folder;  ///< below the root
    std::string text;
};

/// rdma.max of the process's cgroup and of all above it, in both versions of cgroups.
std::vector<CgroupFile> rdma_limits(const Machine& machine) {
    std::vector<CgroupFile> files;
    for (const std::string& line : lines_of(machine.text("proc/self/cgroup").value_or(""))) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        if (!controllers.empty() && controllers != "rdma") continue;
        const std::string mount = controllers.empty() ? "sys/fs/cgroup" : "sys/fs/cgroup/rdma";
        for (std::filesystem::path path = trimmed(line.substr(second + 1));; path = path.parent_path()) {
            const std::string folder = mount + (path == "/" ? "" : path.string());
            if (auto text = machine.text(folder + "/rdma.max")) files.push_back({folder, std::move(*text)});
            if (path == path.parent_path()) break;
        }
    }
    return files;
}

void judge_limit(const std::string& folder, const std::string& line, Findings& findings) {
    const auto words = words_of(line);
    if (words.empty()) return;
    std::optional<std::uint64_t> handles;
    std::optional<std::uint64_t> objects;
    for (const std::string& word : words) {
        if (word.starts_with("hca_handle=")) handles = number_in(word.substr(11));
        if (word.starts_with("hca_object=")) objects = number_in(word.substr(11));
    }
    if (!handles && !objects) return;  // "max"
    const bool none = handles.value_or(1) == 0 || objects.value_or(kFewestObjects) < kFewestObjects;
    const bool few = objects && *objects < kFewObjects;
    const std::string found = fmt::format("/{}/rdma.max: {}", folder, trimmed(line));
    if (!none && !few) return findings.ok("container.rdma_cgroup", words[0], found);
    findings.add(
        none ? Verdict::problem : Verdict::warning, "container.rdma_cgroup", words[0], found,
        fmt::format(
            "echo '{} hca_handle=max hca_object=max' > /{}/rdma.max on the host (podman and systemd: remove the "
            "limit from the unit or pod)",
            words[0], folder));
}

void check_cgroup(const Machine& machine, Findings& findings) {
    const auto files = rdma_limits(machine);
    Findings limited;
    for (const CgroupFile& file : files) {
        for (const std::string& line : lines_of(file.text)) judge_limit(file.folder, line, limited);
    }
    auto found = limited.take();
    if (found.empty() && !files.empty()) findings.ok("container.rdma_cgroup", "", "no limit");
    findings.append(std::move(found));
}

/// A GID's network device as the kernel names it, whichever namespace it is in.
std::vector<std::string> hidden_netdevs(const Machine& machine, const verbs::DeviceInfo& device,
                                        const verbs::PortInfo& port) {
    std::vector<std::string> hidden;
    const std::string folder = port_file(device, port, "gid_attrs/ndevs");
    for (const std::string& index : machine.names(folder)) {
        const auto netdev = machine.line(folder + "/" + index);
        if (!netdev || machine.exists("sys/class/net/" + *netdev)) continue;
        if (std::find(hidden.begin(), hidden.end(), *netdev) == hidden.end()) hidden.push_back(*netdev);
    }
    return hidden;
}

void check_netns(const Machine& machine, Findings& findings) {
    for (const auto& device : machine.rdma.devices) {
        for (const auto& port : device.ports) {
            const auto hidden = hidden_netdevs(machine, device, port);
            if (hidden.empty()) continue;
            findings.add(Verdict::problem, "container.netns", port_name(device, port),
                         list_of(hidden) + " of its GIDs is in another network namespace than this process",
                         container_of(machine)
                             ? "start the container with --network=host (hostNetwork: true), or move the "
                               "device in with an RDMA or SR-IOV network plugin"
                             : "run in the namespace of the device (ip netns exec), or move it here: ip link set " +
                                   hidden.front() + " netns NAME");
        }
    }
}

void check_ipc_lock(const Machine& machine, Findings& findings) {
    const auto limit = memlock_limit(machine);
    if (has_ipc_lock(machine)) {
        findings.ok("container.ipc_lock", "", "the process has CAP_IPC_LOCK");
    } else if (limit && !limit->soft) {
        findings.ok("container.ipc_lock", "", "no CAP_IPC_LOCK, and none needed: memlock is unlimited");
    } else {
        findings.add(Verdict::warning, "container.ipc_lock", "",
                     "the process has no CAP_IPC_LOCK, and memlock is limited",
                     "docker run --cap-add=IPC_LOCK; in Kubernetes securityContext: {capabilities: {add: [IPC_LOCK]}}");
    }
}

}  // namespace

std::vector<Finding> check_container(const Machine& machine) {
    Findings findings;
    const auto kind = container_of(machine);
    findings.ok("container.kind", "", kind.value_or("none seen"));
    if (kind) check_ipc_lock(machine, findings);
    check_cgroup(machine, findings);
    check_netns(machine, findings);
    return findings.take();
}

}  // namespace remit::tools::doctor
