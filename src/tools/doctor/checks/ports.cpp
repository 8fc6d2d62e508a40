#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

struct Port {
    const Machine& machine;
    const verbs::DeviceInfo& device;
    const verbs::PortInfo& port;
    bool chosen;  ///< a worker would take it, or there is none that it would take

    [[nodiscard]] std::string name() const { return port_name(device, port); }
    [[nodiscard]] bool ethernet() const { return port.link_layer == verbs::LinkLayer::ethernet; }
    /// What keeps the port in use from sending is a problem; what another one has is not.
    [[nodiscard]] Verdict severe() const { return chosen ? Verdict::problem : Verdict::warning; }
};

std::string net(const std::string& netdev, const char* file) {
    return "sys/class/net/" + netdev + "/" + file;
}

std::string remedy_for_state(const Port& one, const std::string& physical) {
    const auto netdevs = netdevs_of(one.device, one.port);
    const std::string netdev = netdevs.empty() ? "DEV" : netdevs.front();
    if (!one.ethernet()) {
        const bool linked = physical.find("LinkUp") != std::string::npos;
        return linked ? "the cable is in, but no subnet manager has set the port up: start one (systemctl start "
                        "opensm) or the "
                        "one in the switch"
                      : "look at the cable and at the switch's port (iblinkinfo); `ibportstate` may have disabled it";
    }
    if (physical.find("Disabled") != std::string::npos) return "ip link set " + netdev + " up";
    return fmt::format("ip link set {} up; if it is up, look at the cable and at the switch's port (ethtool {})",
                       netdev, netdev);
}

void check_state(const Port& one, Findings& findings) {
    const std::string physical = one.machine.line(port_file(one.device, one.port, "phys_state")).value_or("");
    const std::string found = one.port.state + (physical.empty() ? "" : ", physically " + physical);
    if (one.port.active) {
        findings.ok("port.state", one.name(), found);
    } else {
        findings.add(one.severe(), "port.state", one.name(), found, remedy_for_state(one, physical));
    }
}

/// "4X" of "100 Gb/sec (4X EDR)".
std::string lanes_of(const std::string& rate) {
    const std::size_t open = rate.find('(');
    const std::size_t end = rate.find('X', open);
    if (open == std::string::npos || end == std::string::npos) return "";
    return rate.substr(open + 1, end - open);
}

void check_rate(const Port& one, Findings& findings) {
    const auto rate = one.machine.line(port_file(one.device, one.port, "rate"));
    if (!rate || !one.port.active) return;
    const std::string layer = one.ethernet() ? "Ethernet" : "InfiniBand";
    const std::string found = layer + ", " + *rate;
    const std::string lanes = lanes_of(*rate);
    if (!one.ethernet() && (lanes == "1X" || lanes == "2X")) {
        findings.add(Verdict::warning, "port.rate", one.name(), found + ": " + lanes + " of 4X lanes",
                     "reseat or replace the cable; `mlxlink -d DEVICE` or `iblinkinfo` tells which lanes are lost");
        return;
    }
    findings.ok("port.rate", one.name(), found + (is_software(one.device) ? " (software names no real rate)" : ""));
}

void check_errors(const Port& one, Findings& findings) {
    constexpr std::array<const char*, 6> kCounters{"counters/symbol_error",      "counters/link_downed",
                                                   "counters/port_rcv_errors",   "hw_counters/out_of_sequence",
                                                   "hw_counters/packet_seq_err", "hw_counters/local_ack_timeout_err"};
    std::vector<std::string> counted;
    bool any = false;
    for (const char* counter : kCounters) {
        const auto value = one.machine.number(port_file(one.device, one.port, counter));
        if (!value) continue;
        any = true;
        if (*value != 0)
            counted.push_back(
                fmt::format("{} {}", std::string(counter).substr(std::string(counter).find('/') + 1), *value));
    }
    if (!any) return;
    if (counted.empty()) {
        findings.ok("port.errors", one.name(), "none counted");
        return;
    }
    findings.add(Verdict::warning, "port.errors", one.name(), list_of(counted) + " since the driver was loaded",
                 one.ethernet()
                     ? "look again after a transfer: if they grow, set up flow control (see flow.*) on hosts and "
                       "switches, and look at the cable (ethtool -S)"
                     : "look again after a transfer: if they grow, replace the cable (ibqueryerrors)");
}

void check_mtu(const Port& one, Findings& findings) {
    if (!one.port.active) return;
    std::string found = fmt::format("{} bytes", one.port.mtu);
    if (!one.ethernet()) {
        if (one.port.mtu >= 2048) return findings.ok("port.mtu", one.name(), found);
        return findings.add(Verdict::warning, "port.mtu", one.name(), found,
                            "let the subnet manager permit 4096: mtu=5 for the partition in opensm's partitions.conf");
    }
    std::optional<std::uint64_t> lowest;
    std::string lowest_name;
    for (const std::string& netdev : netdevs_of(one.device, one.port)) {
        const auto mtu = one.machine.number(net(netdev, "mtu"));
        if (!mtu || (lowest && *mtu >= *lowest)) continue;
        lowest = mtu;
        lowest_name = netdev;
    }
    if (lowest) found += fmt::format("; {} has {}", lowest_name, *lowest);
    if (one.port.mtu >= 4096) return findings.ok("port.mtu", one.name(), found);
    const bool enough = lowest && *lowest >= 4200;
    findings.add(
        Verdict::warning, "port.mtu", one.name(), found + ", 4096 is the most",
        enough ? fmt::format("the network device would permit more: take it down and up (ip link set {0} down && ip "
                             "link set {0} up), or reload the RDMA driver",
                             lowest_name)
               : fmt::format("ip link set {} mtu 4200 on both hosts (9000 where the switches permit it); every "
                             "switch on the way must permit as much",
                             lowest_name.empty() ? "DEV" : lowest_name));
}

void check_netdev(const Port& one, Findings& findings) {
    if (!one.ethernet()) return;
    for (const std::string& netdev : netdevs_of(one.device, one.port)) {
        const auto flags = one.machine.number(net(netdev, "flags"));
        const auto state = one.machine.line(net(netdev, "operstate"));
        if (!state) continue;
        const bool up = flags.value_or(1) & 1;
        const bool bad = !up || *state == "down" || *state == "lowerlayerdown";
        const std::string found = fmt::format("{} is {}{}", netdev, *state, up ? "" : ", set down");
        if (!bad) {
            findings.ok("port.netdev", one.name(), found);
        } else {
            findings.add(one.severe(), "port.netdev", one.name(), found,
                         up ? "no carrier: look at the cable and at the switch's port (ethtool " + netdev + ")"
                            : "ip link set " + netdev + " up");
        }
    }
}

void check_bond(const Port& one, Findings& findings) {
    for (const std::string& netdev : netdevs_of(one.device, one.port)) {
        const auto mode = one.machine.line(net(netdev, "bonding/mode"));
        if (!mode) continue;
        const auto legs = words_of(one.machine.line(net(netdev, "bonding/slaves")).value_or(""));
        std::vector<std::string> down;
        for (const std::string& leg : legs) {
            if (one.machine.line(net(leg, "operstate")).value_or("up") != "up") down.push_back(leg);
        }
        const std::string found = fmt::format("{}: mode {} over {}", netdev, *mode, list_of(legs));
        const bool offloaded =
            mode->starts_with("active-backup") || mode->starts_with("balance-xor") || mode->starts_with("802.3ad");
        if (!offloaded) {
            findings.add(Verdict::problem, "port.bond", one.name(), found + ", which no adapter does for RoCE",
                         "set the bond's mode to 802.3ad (with LACP on the switch), balance-xor or active-backup");
        } else if (!down.empty()) {
            findings.add(Verdict::warning, "port.bond", one.name(), found + "; down: " + list_of(down),
                         "ip link set " + down.front() + " up, and look at its cable");
        } else {
            findings.ok("port.bond", one.name(), found);
        }
    }
}

}  // namespace

std::vector<Finding> check_ports(const Machine& machine) {
    Findings findings;
    const auto chosen = chosen_port(machine);
    for (const auto& device : machine.rdma.devices) {
        if (device.iwarp) continue;
        for (const auto& port : device.ports) {
            const Port one{machine, device, port, !chosen || chosen->port == &port};
            check_state(one, findings);
            check_rate(one, findings);
            check_errors(one, findings);
            check_mtu(one, findings);
            check_netdev(one, findings);
            check_bond(one, findings);
        }
    }
    return findings.take();
}

}  // namespace remit::tools::doctor
