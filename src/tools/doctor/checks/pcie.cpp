#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdlib>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/pci_config.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

std::string pci(const std::string& address, const char* file) {
    return "sys/bus/pci/devices/" + address + "/" + file;
}

/// Of one direction, after the line code. 0 where it is not told.
double link_gigabits(double transfers, double lanes) {
    if (transfers <= 0 || lanes <= 0) return 0;
    return transfers * lanes * (transfers < 8 ? 0.8 : 128.0 / 130.0);
}

struct Link {
    double speed = 0;  ///< GT/s
    double width = 0;
    [[nodiscard]] double gigabits() const { return link_gigabits(speed, width); }
    [[nodiscard]] std::string text() const { return fmt::format("{:g} GT/s x{:g}", speed, width); }
};

Link read_link(const Machine& machine, const std::string& address, const std::string& which) {
    const auto read = [&](const char* what) {
        return std::strtod(machine.line(pci(address, (which + what).c_str())).value_or("").c_str(), nullptr);
    };
    return {read("_link_speed"), read("_link_width")};
}

double port_rate(const Machine& machine, const verbs::DeviceInfo& device) {
    double most = 0;
    for (const auto& port : device.ports) most = std::max(most, port_gigabits(machine, device, port).value_or(0));
    return most;
}

void check_link(const Machine& machine, const verbs::DeviceInfo& device, Findings& findings) {
    const Link now = read_link(machine, device.place->address, "current");
    const Link most = read_link(machine, device.place->address, "max");
    if (now.gigabits() <= 0) return;
    const double rate = port_rate(machine, device);
    std::string found = fmt::format("{} at {}, {:.0f} Gb/s", now.text(), device.place->address, now.gigabits());
    if (rate > 0) found += fmt::format("; the port has {:.0f} Gb/s", rate);
    if (rate > now.gigabits()) {
        const std::string remedy =
            "put the card into a slot of more lanes or a newer generation; if the slot has them, reseat the "
            "card and look at the firmware's setting for the slot (lspci -vv: LnkSta against LnkCap)";
        findings.add(Verdict::warning, "pcie.link", device.name, found, remedy);
    } else if (most.gigabits() > now.gigabits() && rate <= 0) {
        findings.add(
            Verdict::warning, "pcie.link", device.name, found + "; the card can do " + most.text(),
            "reseat the card, and look at the firmware's setting for the slot (lspci -vv: LnkSta against LnkCap)");
    } else {
        findings.ok("pcie.link", device.name, found);
    }
}

/// Returns whether the registers were readable.
bool check_control(const Machine& machine, const verbs::DeviceInfo& device, Findings& findings) {
    const std::string& address = device.place->address;
    const auto config = read_pci_config(machine, address);
    if (!config || !config->whole()) return false;
    const auto control = config->device_control();
    if (!control) return true;
    const auto cap = [&](const char* bits) { return fmt::format("setpci -s {} CAP_EXP+8.w={}", address, bits); };
    if (control->relaxed_ordering) {
        findings.ok("pcie.relaxed_ordering", device.name, "on in the device's control register");
    } else {
        findings.add(Verdict::warning, "pcie.relaxed_ordering", device.name, "off in the device's control register",
                     cap("10:10") + ", and relaxed ordering in the machine's firmware; mlxconfig -d " + address +
                         " set PCI_WR_ORDERING=1 where the adapter has it");
    }
    const std::string found =
        fmt::format("{} bytes a read request, {} a payload", control->most_read, control->most_payload);
    if (control->most_read >= 512) {
        findings.ok("pcie.read_request", device.name, found);
    } else {
        findings.add(Verdict::warning, "pcie.read_request", device.name, found, cap("5000:7000") + " (4096 bytes)");
    }
    return true;
}

void check_iommu(const Machine& machine, const verbs::DeviceInfo& device, Findings& findings) {
    const auto type = machine.line(pci(device.place->address, "iommu_group/type"));
    if (!type) return;
    const std::string found = "the device's group has the type " + *type;
    if (!type->starts_with("DMA")) {
        findings.ok("pcie.iommu", device.name, found);
    } else {
        findings.add(Verdict::warning, "pcie.iommu", device.name, found + ": each transfer is translated",
                     "iommu=pt on the kernel's command line (GRUB_CMDLINE_LINUX, update-grub, reboot)");
    }
}

/// Bridges on the way between two devices below one switch or host bridge.
std::vector<std::string> bridges_between(const topology::PciPlace& a, const topology::PciPlace& b) {
    const auto differ = std::mismatch(a.path.begin(), a.path.end(), b.path.begin(), b.path.end());
    if (differ.first == a.path.begin()) return {};
    std::vector<std::string> bridges;
    for (auto it = differ.first; it != a.path.end() && it + 1 != a.path.end(); ++it) bridges.push_back(*it);
    for (auto it = differ.second; it != b.path.end() && it + 1 != b.path.end(); ++it) bridges.push_back(*it);
    return bridges;
}

/// Returns whether the registers were readable. Only ways within a switch lose by a detour over the host bridge.
bool check_acs(const Machine& machine, const verbs::DeviceInfo& device, const topology::PciPlace& gpu,
               Findings& findings) {
    if (topology::distance(gpu, *device.place).span != topology::Span::switches) return true;
    std::vector<std::string> redirecting;
    for (const std::string& bridge : bridges_between(gpu, *device.place)) {
        const auto config = read_pci_config(machine, bridge);
        const auto redirects = config ? config->redirects_peers() : std::nullopt;
        if (!redirects) return false;
        if (*redirects) redirecting.push_back(bridge);
    }
    const std::string way = fmt::format("GPU {} and {}", gpu.address, device.name);
    if (redirecting.empty()) {
        findings.ok("pcie.acs", way, "no bridge between them redirects");
        return true;
    }
    std::string commands;
    for (const std::string& bridge : redirecting) {
        commands += fmt::format("{}setpci -s {} ECAP_ACS+6.w=0000", commands.empty() ? "" : "; ", bridge);
    }
    findings.add(Verdict::warning, "pcie.acs", way, "ACS redirects at " + list_of(redirecting),
                 commands + " (until the next boot; for good, ACS off in the machine's firmware)");
    return true;
}

}  // namespace

std::vector<Finding> check_pcie(const Machine& machine) {
    Findings findings;
    const auto gpus = topology::read_gpus(machine.path("sys"));
    std::vector<std::string> unread;
    for (const auto& device : machine.rdma.devices) {
        if (!device.place) continue;
        check_link(machine, device, findings);
        bool read = check_control(machine, device, findings);
        check_iommu(machine, device, findings);
        for (const auto& gpu : gpus) read = check_acs(machine, device, gpu, findings) && read;
        if (!read) unread.push_back(device.name);
    }
    if (!unread.empty()) {
        findings.add(
            Verdict::unknown, "pcie.config", list_of(unread),
            "relaxed ordering, read requests and ACS were not judged: the registers cannot be read",
            machine.identity.user == 0 ? "run it on the host: the container hides them" : "run `sudo remit doctor`");
    }
    return findings.take();
}

}  // namespace remit::tools::doctor
