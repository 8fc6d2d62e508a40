#include "tools/doctor/view.hpp"

#include <remit/error.hpp>

#include <algorithm>
#include <cstdlib>

#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

constexpr unsigned kCapIpcLock = 14;

bool names_runtime(const std::string& cgroups, std::string_view word) {
    return cgroups.find(word) != std::string::npos;
}

}  // namespace

std::optional<std::string> container_of(const Machine& machine) {
    const std::string cgroups =
        machine.text("proc/self/cgroup").value_or("") + machine.text("proc/1/cgroup").value_or("");
    if (machine.exists("run/secrets/kubernetes.io") || names_runtime(cgroups, "kubepods")) return "Kubernetes";
    if (machine.exists(".dockerenv") || names_runtime(cgroups, "/docker")) return "Docker";
    if (machine.exists("run/.containerenv") || names_runtime(cgroups, "libpod")) return "Podman";
    if (names_runtime(cgroups, "/lxc")) return "LXC";
    if (const auto kind = machine.line("run/systemd/container")) return *kind;
    return std::nullopt;
}

bool has_ipc_lock(const Machine& machine) {
    const auto capabilities = machine.value("proc/self/status", "CapEff");
    if (!capabilities) return false;
    const auto bits = number_in("0x" + *capabilities);
    if (!bits || (*bits >> kCapIpcLock & 1) == 0) return false;
    const auto map = words_of(machine.line("proc/self/uid_map").value_or("0 0 4294967295"));
    return map == std::vector<std::string>{"0", "0", "4294967295"};
}

std::optional<MemlockLimit> memlock_limit(const Machine& machine) {
    constexpr std::string_view kName = "Max locked memory";
    for (const std::string& line : lines_of(machine.text("proc/self/limits").value_or(""))) {
        if (!line.starts_with(kName)) continue;
        const auto words = words_of(line.substr(kName.size()));
        if (words.size() < 2) return std::nullopt;
        return MemlockLimit{number_in(words[0]), number_in(words[1])};
    }
    return std::nullopt;
}

std::string port_name(const verbs::DeviceInfo& device, const verbs::PortInfo& port) {
    return device.name + " port " + std::to_string(port.number);
}

std::string port_file(const verbs::DeviceInfo& device, const verbs::PortInfo& port, const std::string& name) {
    return "sys/class/infiniband/" + device.name + "/ports/" + std::to_string(port.number) + "/" + name;
}

std::optional<double> port_gigabits(const Machine& machine, const verbs::DeviceInfo& device,
                                    const verbs::PortInfo& port) {
    const auto rate = machine.line(port_file(device, port, "rate"));
    if (!rate) return std::nullopt;
    const double value = std::strtod(rate->c_str(), nullptr);
    return value > 0 ? std::optional(value) : std::nullopt;
}

std::vector<std::string> netdevs_of(const verbs::DeviceInfo& device, const verbs::PortInfo& port) {
    std::vector<std::string> names;
    for (const verbs::GidEntry& entry : port.gids) {
        const bool known = std::find(names.begin(), names.end(), entry.netdev) != names.end();
        if (!entry.netdev.empty() && !known) names.push_back(entry.netdev);
    }
    return names.empty() ? device.netdevs : names;
}

bool is_software(const verbs::DeviceInfo& device) {
    return !device.place.has_value();
}

std::optional<Chosen> chosen_port(const Machine& machine) {
    const RdmaFacts& rdma = machine.rdma;
    try {
        const auto choice = verbs::choose_device(rdma.devices, machine.wanted.device, rdma.local);
        const verbs::DeviceInfo& device = rdma.devices[choice.index];
        return Chosen{&device, &verbs::choose_port(device, machine.wanted.port)};
    } catch (const Error&) {
        return std::nullopt;
    }
}

}  // namespace remit::tools::doctor
