#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

struct KnownAdapter {
    std::uint64_t vendor;
    std::uint64_t first_device;
    std::uint64_t last_device;
    const char* name;
    const char* module;
};

/// Adapters that have RDMA, by PCI ids, and the module that brings it. Ranges keep to what is RDMA for sure.
constexpr KnownAdapter kAdapters[] = {
    {0x15b3, 0x1003, 0x1010, "NVIDIA/Mellanox ConnectX", "mlx4_ib"},
    {0x15b3, 0x1011, 0xffff, "NVIDIA/Mellanox ConnectX", "mlx5_ib"},
    {0x14e4, 0x1750, 0x1760, "Broadcom NetXtreme-E", "bnxt_re"},
    {0x8086, 0x1591, 0x159b, "Intel E810", "irdma"},
};

struct Adapter {
    std::string address;
    const KnownAdapter* kind;
};

std::vector<Adapter> adapters(const Machine& machine) {
    std::vector<Adapter> found;
    for (const std::string& address : machine.names("sys/bus/pci/devices")) {
        const std::string folder = "sys/bus/pci/devices/" + address + "/";
        const auto vendor = machine.number(folder + "vendor");
        const auto device = machine.number(folder + "device");
        // Network controllers, InfiniBand ones among them: not an adapter's other functions.
        const bool network = machine.line(folder + "class").value_or("").starts_with("0x02");
        if (!vendor || !device || !network) continue;
        for (const KnownAdapter& kind : kAdapters) {
            const bool match = kind.vendor == *vendor && *device >= kind.first_device && *device <= kind.last_device;
            if (match) found.push_back({address, &kind});
        }
    }
    return found;
}

void without_device(const Machine& machine, Findings& findings) {
    const auto cards = adapters(machine);
    for (const Adapter& card : cards) {
        findings.add(Verdict::problem, "device.driver", card.address,
                     fmt::format("{} at {}, but it has no RDMA device", card.kind->name, card.address),
                     fmt::format("modprobe -a {} ib_uverbs; if that says nothing and changes nothing, look at `dmesg | "
                                 "grep {}`",
                                 card.kind->module, card.address));
    }
    const std::string remedy =
        cards.empty()
            ? "on a machine with an RDMA adapter load its driver; software RoCE on any network card: modprobe "
              "rdma_rxe && rdma link add rxe0 type rxe netdev eth0 (your card's name for eth0)"
            : "see device.driver";
    findings.add(Verdict::problem, "device.present", "", "no RDMA device: /sys/class/infiniband is empty or not there",
                 remedy);
}

void unopened(const Machine& machine, const RdmaFacts::Unopened& device, Findings& findings) {
    std::string remedy = "look at `dmesg` for what the driver says, and at `rdma link`";
    if (device.error == EACCES || device.error == EPERM) {
        remedy = container_of(machine)
                     ? "give the container the files: docker run --device=/dev/infiniband, in Kubernetes "
                       "the resource of the RDMA device plugin"
                     : "see files.permissions; if that is ok, a device cgroup forbids it";
    } else if (device.error == ENOENT || device.error == ENXIO || device.error == ENODEV) {
        remedy = "see files.uverbs and files.permissions (libibverbs says this too where it may not open the file)";
    } else if (device.error == ENOMEM || device.error == EAGAIN) {
        remedy = "see container.rdma_cgroup: hca_handle bounds how often the device may be open";
    }
    findings.add(
        Verdict::problem, "device.open", device.name,
        fmt::format("libibverbs cannot open it: {} ({})", std::generic_category().message(device.error), device.error),
        remedy);
}

bool known_to_verbs(const Machine& machine, const std::string& name) {
    const auto same = [&](const auto& device) { return device.name == name; };
    return std::any_of(machine.rdma.devices.begin(), machine.rdma.devices.end(), same) ||
           std::any_of(machine.rdma.unopened.begin(), machine.rdma.unopened.end(), same);
}

void without_provider(const std::string& name, Findings& findings) {
    findings.add(Verdict::problem, "device.open", name,
                 "the kernel has it, but libibverbs lists it not: its file or its user-space provider is missing",
                 "see files.uverbs; if that is ok: apt-get install ibverbs-providers (the rdma-core package of other "
                 "distributions), inside the container if there is one");
}

void describe(const Machine& machine, const verbs::DeviceInfo& device, Findings& findings) {
    if (device.iwarp) {
        findings.add(Verdict::warning, "device.transport", device.name, "iWARP: remit passes it over",
                     "use a RoCE or InfiniBand device; some adapters can be switched over (irdma: modprobe irdma "
                     "roce_ena=1)");
        return;
    }
    const auto firmware = machine.line("sys/class/infiniband/" + device.name + "/fw_ver");
    const bool none = !firmware || *firmware == "0.0.0";
    findings.ok("device.firmware", device.name,
                is_software(device) ? "made by software: it has none"
                : none              ? "not told"
                                    : *firmware);
}

void choose(const Machine& machine, Findings& findings) {
    try {
        const auto choice = verbs::choose_device(machine.rdma.devices, machine.wanted.device, machine.rdma.local);
        const verbs::DeviceInfo& device = machine.rdma.devices[choice.index];
        findings.ok("device.choice", device.name, fmt::format("{}: {}", device.name, choice.reason));
    } catch (const Error& error) {
        findings.add(Verdict::problem, "device.choice", machine.wanted.device, error.what(),
                     "name a device that is there with --device, or make one active (see device.* and port.*)");
    }
}

}  // namespace

std::vector<Finding> check_devices(const Machine& machine) {
    Findings findings;
    const auto names = machine.names("sys/class/infiniband");
    if (names.empty()) {
        without_device(machine, findings);
        return findings.take();
    }
    findings.ok("device.present", "", list_of(names));
    if (!machine.rdma.built) {
        findings.add(Verdict::problem, "device.open", "", "this build of remit has no libibverbs",
                     "build with -DREMIT_VERBS=ON");
        return findings.take();
    }
    for (const auto& device : machine.rdma.unopened) unopened(machine, device, findings);
    for (const std::string& name : names) {
        if (!known_to_verbs(machine, name)) without_provider(name, findings);
    }
    for (const auto& device : machine.rdma.devices) describe(machine, device, findings);
    if (!machine.rdma.devices.empty()) choose(machine, findings);
    return findings.take();
}

}  // namespace remit::tools::doctor
