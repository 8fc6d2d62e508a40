#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

const char* type_name(verbs::GidType type) {
    switch (type) {
        case verbs::GidType::infiniband: return "InfiniBand";
        case verbs::GidType::roce_v1: return "RoCE v1";
        case verbs::GidType::roce_v2: return "RoCE v2";
    }
    return "?";
}

std::string text_of(const verbs::GidEntry& entry) {
    std::string text = fmt::format("{}: {} {}", entry.index, verbs::to_text(entry.gid), type_name(entry.type));
    if (!entry.netdev.empty()) text += " " + entry.netdev;
    if (entry.type != verbs::GidType::infiniband && !verbs::is_routable(entry.gid)) text += " (link-local)";
    return text;
}

std::string table_of(const verbs::PortInfo& port) {
    if (port.gids.empty()) return "empty";
    std::vector<std::string> rows;
    for (const auto& entry : port.gids) rows.push_back(text_of(entry));
    return list_of(rows);
}

/// Why no GID can be taken, in the order in which it is worth looking.
std::string cause_of(const verbs::PortInfo& port) {
    const auto any = [&](auto match) { return std::any_of(port.gids.begin(), port.gids.end(), match); };
    if (port.gids.empty()) return "the GID table is empty";
    if (any([](const auto& e) { return e.type == verbs::GidType::roce_v1 && verbs::is_routable(e.gid); }) &&
        !any([](const auto& e) { return e.type == verbs::GidType::roce_v2; })) {
        return "only RoCE v1 GIDs, which do not route";
    }
    if (!any([](const auto& e) { return verbs::is_routable(e.gid); }))
        return "only link-local GIDs: no IP address is set";
    return "no routable RoCE v2 GID";
}

void choose(const Machine& machine, const verbs::DeviceInfo& device, const verbs::PortInfo& port, bool in_use,
            Findings& findings) {
    const std::string name = port_name(device, port);
    const int index = in_use ? machine.wanted.gid_index : -1;
    try {
        const auto choice = verbs::choose_gid(device.name, port, index, machine.rdma.local);
        const std::string address = verbs::is_zero(choice.gid)
                                        ? fmt::format("LID {}", port.lid)
                                        : fmt::format("index {}, {}", choice.index, verbs::to_text(choice.gid));
        findings.ok("gid.choice", name, fmt::format("{}: {}", address, choice.reason));
    } catch (const Error& error) {
        const auto netdevs = netdevs_of(device, port);
        const std::string netdev = netdevs.empty() ? "DEV" : netdevs.front();
        const bool v1 = cause_of(port).find("v1") != std::string::npos;
        findings.add(
            in_use ? Verdict::problem : Verdict::warning, "gid.choice", name,
            index >= 0 ? error.what() : cause_of(port),
            index >= 0 ? "leave --gid-index away, or name one of gid.table"
            : v1 ? "update the adapter's firmware and driver to ones that speak RoCE v2 (ConnectX-3 with MLNX_OFED: "
                   "options mlx4_core roce_mode=2 in /etc/modprobe.d)"
                 : fmt::format("ip address add 10.0.0.5/24 dev {} (an address of your network)", netdev));
    }
}

}  // namespace

std::vector<Finding> check_gids(const Machine& machine) {
    Findings findings;
    const auto chosen = chosen_port(machine);
    for (const auto& device : machine.rdma.devices) {
        if (device.iwarp) continue;
        for (const auto& port : device.ports) {
            findings.ok("gid.table", port_name(device, port), table_of(port));
            if (port.active) choose(machine, device, port, chosen && chosen->port == &port, findings);
        }
    }
    return findings.take();
}

}  // namespace remit::tools::doctor
