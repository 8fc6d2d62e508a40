#include <spdlog/fmt/fmt.h>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

/// Priorities that are on in files "0" … "7" below `folder`; nothing where there is no such folder.
std::optional<std::vector<std::string>> enabled_priorities(const Machine& machine, const std::string& folder) {
    std::vector<std::string> on;
    bool any = false;
    for (const std::string& priority : machine.names(folder)) {
        const auto value = machine.number(folder + "/" + priority);
        if (!value) continue;
        any = true;
        if (*value != 0) on.push_back(priority);
    }
    return any ? std::optional(on) : std::nullopt;
}

/// Drivers that show their congestion control below the network device (mlx5).
void check_ecn(const Machine& machine, const std::string& port, const std::string& netdev, Findings& findings) {
    std::vector<std::string> off;
    std::vector<std::string> found;
    for (const char* role : {"roce_rp", "roce_np"}) {
        const auto on = enabled_priorities(machine, fmt::format("sys/class/net/{}/ecn/{}/enable", netdev, role));
        if (!on) continue;
        if (on->empty()) off.emplace_back(role);
        found.push_back(fmt::format("{}: {}", role, on->empty() ? "off" : "priorities " + list_of(*on)));
    }
    if (found.empty()) {
        findings.add(Verdict::unknown, "flow.ecn", port, "the driver of " + netdev + " does not show it in sysfs",
                     "the adapter's tool tells (mlnx_qos, niccli), and `show qos` on the switch");
        return;
    }
    if (off.empty()) return findings.ok("flow.ecn", port, netdev + ": " + list_of(found));
    std::string commands;
    for (const std::string& role : off) {
        commands +=
            fmt::format("{}echo 1 > /sys/class/net/{}/ecn/{}/enable/3", commands.empty() ? "" : " && ", netdev, role);
    }
    findings.add(Verdict::warning, "flow.ecn", port, netdev + ": " + list_of(found),
                 commands + " (3: the priority of your RoCE traffic), and ECN marking on the switches");
}

/// "pfc_enabled: 0 0 0 1 0 0 0 0" or a mask of priorities.
void check_pfc(const Machine& machine, const std::string& port, const std::string& netdev, Findings& findings) {
    const auto text = machine.text("sys/class/net/" + netdev + "/qos/pfc");
    if (!text) {
        findings.add(Verdict::unknown, "flow.pfc", port, "the driver of " + netdev + " does not show it in sysfs",
                     "dcb pfc show dev " + netdev + " (iproute2), or mlnx_qos -i " + netdev);
        return;
    }
    const bool on = text->find_first_of("123456789") != std::string::npos;
    if (on) return findings.ok("flow.pfc", port, netdev + ": " + trimmed(lines_of(*text).front()));
    findings.add(
        Verdict::warning, "flow.pfc", port, netdev + ": off for all priorities",
        fmt::format("mlnx_qos -i {} --pfc 0,0,0,1,0,0,0,0 --trust dscp, and the same priority on the switches; or a "
                    "fabric made for lossy RoCE with ECN",
                    netdev));
}

}  // namespace

std::vector<Finding> check_flow_control(const Machine& machine) {
    Findings findings;
    for (const auto& device : machine.rdma.devices) {
        if (device.iwarp || is_software(device)) continue;  // software takes the network card's queues as they are
        for (const auto& port : device.ports) {
            if (port.link_layer != verbs::LinkLayer::ethernet || !port.active) continue;
            const auto netdevs = netdevs_of(device, port);
            if (netdevs.empty()) continue;
            check_pfc(machine, port_name(device, port), netdevs.front(), findings);
            check_ecn(machine, port_name(device, port), netdevs.front(), findings);
        }
    }
    return findings.take();
}

}  // namespace remit::tools::doctor
