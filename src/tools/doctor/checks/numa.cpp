#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

constexpr std::uint64_t kMostCpus = 65536;

/// "0-3,8" as numbers; what does not parse is left out.
std::set<std::uint64_t> cpus_of(const std::string& text) {
    std::set<std::uint64_t> cpus;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string part = text.substr(begin, end - begin);
        const auto first = number_in(part);
        const std::size_t dash = part.find('-');
        const auto last = dash == std::string::npos ? first : number_in(std::string_view(part).substr(dash + 1));
        for (std::uint64_t cpu = first.value_or(1); first && last && cpu <= *last && cpu < kMostCpus; ++cpu)
            cpus.insert(cpu);
        begin = end + 1;
    }
    return cpus;
}

std::size_t nodes(const Machine& machine) {
    std::size_t count = 0;
    for (const std::string& name : machine.names("sys/devices/system/node")) {
        count += name.starts_with("node") && number_in(name.substr(4)) ? 1 : 0;
    }
    return count;
}

void check_affinity(const Machine& machine, const verbs::DeviceInfo& device, Findings& findings) {
    const int node = device.place->numa_node;
    const auto list = machine.line(fmt::format("sys/devices/system/node/node{}/cpulist", node));
    const auto allowed = machine.value("proc/self/status", "Cpus_allowed_list");
    if (!list || !allowed) return;
    const auto near = cpus_of(*list);
    std::size_t usable = 0;
    for (const std::uint64_t cpu : cpus_of(*allowed)) usable += near.contains(cpu) ? 1 : 0;
    const std::string found = fmt::format("{} of the {} CPUs of node {} are this process's", usable, near.size(), node);
    if (usable != 0) return findings.ok("numa.affinity", device.name, found);
    findings.add(
        Verdict::warning, "numa.affinity", device.name, found,
        fmt::format(
            "numactl --cpunodebind={0} --preferred={0} in front of the worker; in Kubernetes the topology manager "
            "(single-numa-node), in Docker --cpuset-cpus={1}",
            node, *list));
}

}  // namespace

std::vector<Finding> check_numa(const Machine& machine) {
    Findings findings;
    if (nodes(machine) < 2) return findings.take();
    for (const auto& device : machine.rdma.devices) {
        if (!device.place) continue;
        if (device.place->numa_node < 0) {
            findings.add(
                Verdict::warning, "numa.nic", device.name, "the firmware does not tell its NUMA node",
                "update the machine's firmware; in a virtual machine give the device its node (pxb-pcie numa_node)");
            continue;
        }
        findings.ok("numa.nic", device.name, fmt::format("NUMA node {}", device.place->numa_node));
        check_affinity(machine, device, findings);
    }
    return findings.take();
}

}  // namespace remit::tools::doctor
