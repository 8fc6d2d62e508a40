#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

constexpr std::uint64_t kFewestFiles = 1024;

/// Chains that packets to this host pass, and that drop what no rule of theirs accepts: in the words of `nft list
/// ruleset` ("type filter hook input priority 0; policy drop;") or of iptables-save (":INPUT DROP [0:0]").
bool drops_by_default(const std::string& rules) {
    for (const std::string& line : lines_of(rules)) {
        const bool nft = line.find("hook input") != std::string::npos && line.find("policy drop") != std::string::npos;
        if (nft || trimmed(line).starts_with(":INPUT DROP")) return true;
    }
    return false;
}

/// A number that stands alone: 4791, not 47910.
bool names_port(const std::string& rules, std::uint16_t port) {
    const std::string word = std::to_string(port);
    const auto digit = [&](std::size_t at) { return at < rules.size() && rules[at] >= '0' && rules[at] <= '9'; };
    for (std::size_t at = rules.find(word); at != std::string::npos; at = rules.find(word, at + 1)) {
        if (!(at > 0 && digit(at - 1)) && !digit(at + word.size())) return true;
    }
    return false;
}

void check_firewall(const Machine& machine, Findings& findings) {
    if (!machine.firewall) {
        const char* tool = machine.identity.user == 0 ? "apt-get install nftables, then nft list ruleset"
                                                      : "as root: nft list ruleset (iptables-save)";
        findings.add(Verdict::unknown, "net.firewall", "", "the rules cannot be read",
                     std::string(tool) + "; TCP to the control ports and UDP to 4791 must pass");
        return;
    }
    const std::string& rules = *machine.firewall;
    if (!drops_by_default(rules)) return findings.ok("net.firewall", "", "no input chain drops by default");
    // An adapter takes RoCE off the wire before the kernel sees it; software RoCE goes through the kernel's rules.
    const auto& devices = machine.rdma.devices;
    const bool software = std::any_of(devices.begin(), devices.end(), is_software);
    const bool data = !software || names_port(rules, 4791);
    const bool control = names_port(rules, machine.wanted.control_port);
    if (data && control) return findings.ok("net.firewall", "", "the input chain drops by default and names the ports");
    std::vector<std::string> missing;
    std::vector<std::string> commands;
    if (!control) {
        missing.push_back(fmt::format("TCP to {}", machine.wanted.control_port));
        commands.push_back(
            fmt::format("nft insert rule inet filter input tcp dport {} accept", machine.wanted.control_port));
    }
    if (!data) {
        missing.emplace_back("UDP to 4791 (software RoCE)");
        commands.emplace_back("nft insert rule inet filter input udp dport 4791 accept");
    }
    findings.add(Verdict::warning, "net.firewall", "",
                 "the input chain drops by default, and no rule names " + list_of(missing), list_of(commands));
}

/// Listening sockets have the state 0A: "0: 0100007F:1E14 00000000:0000 0A …".
bool listens(const Machine& machine, const char* file, std::uint16_t port) {
    const std::string suffix = fmt::format(":{:04X}", port);
    for (const std::string& line : lines_of(machine.text(file).value_or(""))) {
        const auto words = words_of(line);
        if (words.size() > 3 && words[3] == "0A" && words[1].ends_with(suffix)) return true;
    }
    return false;
}

void check_port(const Machine& machine, Findings& findings) {
    const std::uint16_t port = machine.wanted.control_port;
    if (!listens(machine, "proc/net/tcp", port) && !listens(machine, "proc/net/tcp6", port)) {
        return findings.ok("net.port", "", fmt::format("TCP port {} is free", port));
    }
    findings.add(
        Verdict::warning, "net.port", "", fmt::format("TCP port {} has a listener", port),
        fmt::format("a worker that runs already is fine; else `ss -tlnp sport = :{}` names the program: end it or take "
                    "another port with --listen",
                    port));
}

struct Rail {
    std::string port;
    std::string netdev;
};

/// One a network device.
std::vector<Rail> rails_of(const Machine& machine) {
    std::map<std::string, std::string> rails;
    for (const auto& device : machine.rdma.devices) {
        for (const auto& port : device.ports) {
            if (port.link_layer != verbs::LinkLayer::ethernet || !port.active || device.iwarp) continue;
            for (const std::string& netdev : netdevs_of(device, port))
                rails.try_emplace(netdev, port_name(device, port));
        }
    }
    std::vector<Rail> list;
    for (const auto& [netdev, port] : rails) list.push_back({port, netdev});
    return list;
}

/// Directly joined networks of a device: "DESTINATION/MASK" of routes without a gateway.
std::set<std::string> networks_of(const Machine& machine, const std::string& netdev) {
    std::set<std::string> networks;
    for (const std::string& line : lines_of(machine.text("proc/net/route").value_or(""))) {
        const auto words = words_of(line);
        const bool direct = words.size() > 7 && words[0] == netdev && words[2] == "00000000" && words[7] != "00000000";
        if (direct) networks.insert(words[1] + "/" + words[7]);
    }
    return networks;
}

std::uint64_t setting(const Machine& machine, const std::string& netdev, const char* name) {
    const auto one = machine.number(fmt::format("proc/sys/net/ipv4/conf/{}/{}", netdev, name)).value_or(0);
    const auto all = machine.number(fmt::format("proc/sys/net/ipv4/conf/all/{}", name)).value_or(0);
    return std::max(one, all);  // as the kernel does
}

void check_arp(const Machine& machine, const std::vector<Rail>& rails, Findings& findings) {
    std::map<std::string, std::vector<std::string>> by_network;
    for (const Rail& rail : rails) {
        for (const std::string& network : networks_of(machine, rail.netdev)) by_network[network].push_back(rail.netdev);
    }
    for (const auto& [network, netdevs] : by_network) {
        if (netdevs.size() < 2) continue;
        const bool apart = std::all_of(netdevs.begin(), netdevs.end(), [&](const std::string& netdev) {
            return setting(machine, netdev, "arp_ignore") >= 1 && setting(machine, netdev, "arp_announce") >= 2;
        });
        const std::string found = list_of(netdevs) + " are in one subnet";
        if (apart) {
            findings.ok("net.arp", "", found + ", and each answers for itself alone");
        } else {
            findings.add(
                Verdict::warning, "net.arp", "", found,
                "a subnet for each rail; or sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2");
        }
    }
}

void check_reverse_path(const Machine& machine, const std::vector<Rail>& rails, Findings& findings) {
    if (rails.size() < 2) return;
    for (const Rail& rail : rails) {
        const auto value = setting(machine, rail.netdev, "rp_filter");
        const std::string found = fmt::format("{}: rp_filter is {}", rail.netdev, value);
        if (value != 1) {
            findings.ok("net.rp_filter", rail.port, found);
        } else {
            findings.add(Verdict::warning, "net.rp_filter", rail.port, found + ", strict",
                         fmt::format("sysctl -w net.ipv4.conf.{}.rp_filter=2 (loose; the highest of all and {} holds)",
                                     rail.netdev, rail.netdev));
        }
    }
}

void check_files(const Machine& machine, Findings& findings) {
    constexpr std::string_view kName = "Max open files";
    for (const std::string& line : lines_of(machine.text("proc/self/limits").value_or(""))) {
        if (!line.starts_with(kName)) continue;
        const auto words = words_of(line.substr(kName.size()));
        const auto soft = words.empty() ? std::nullopt : number_in(words[0]);
        if (!soft || *soft >= kFewestFiles) {
            findings.ok("limits.files", "", words.empty() ? "not told" : words[0]);
        } else {
            findings.add(Verdict::warning, "limits.files", "", words[0] + " open files",
                         "ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit");
        }
    }
}

}  // namespace

std::vector<Finding> check_network(const Machine& machine) {
    Findings findings;
    check_firewall(machine, findings);
    check_port(machine, findings);
    const auto rails = rails_of(machine);
    check_arp(machine, rails, findings);
    check_reverse_path(machine, rails, findings);
    check_files(machine, findings);
    return findings.take();
}

}  // namespace remit::tools::doctor
