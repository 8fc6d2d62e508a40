#include "recorded_machine.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace remit::tools::doctor::test {
namespace {

namespace fs = std::filesystem;

void put(std::string& bytes, std::size_t offset, std::uint32_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes[offset + i] = static_cast<char>(value >> (8 * i) & 0xff);
}

verbs::Gid gid_from(const std::string& address) {
    return verbs::gid_of_ip(address).value();
}

}  // namespace

RecordedMachine::RecordedMachine() {
    std::string pattern = (fs::temp_directory_path() / "remit-doctor-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    machine.root = pattern;
    machine.firewall = "";
    machine.clock_synchronised = true;
    file("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    file("proc/self/cgroup", "0::/user.slice/user-0.slice/session-1.scope\n");
    file("proc/self/status", "Name:\tremit\nCapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-63\n");
    file("proc/self/uid_map", "         0          0 4294967295\n");
    file("proc/meminfo", "MemTotal:       131072 kB\nHugePages_Total:       0\n");
    file("proc/net/tcp",
         "  sl  local_address rem_address   st\n   0: 0100007F:0016 00000000:0000 0A 00000000:00000000\n");
    file("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    file("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    file("sys/devices/system/node/node0/cpulist", "0-31\n");
    file("sys/devices/system/node/node1/cpulist", "32-63\n");
    memlock("unlimited", "unlimited");
}

RecordedMachine::~RecordedMachine() {
    std::error_code ignored;
    fs::remove_all(machine.root, ignored);
}

void RecordedMachine::file(const std::string& path, const std::string& content) {
    fs::create_directories((machine.root / path).parent_path());
    std::ofstream(machine.root / path, std::ios::binary) << content;
}

void RecordedMachine::remove(const std::string& path) {
    fs::remove_all(machine.root / path);
}

void RecordedMachine::link(const std::string& path, const std::string& target) {
    const fs::path at = machine.root / path;
    fs::create_directories(at.parent_path());
    fs::create_symlink(fs::relative(machine.root / target, at.parent_path()), at);
}

void RecordedMachine::memlock(const std::string& soft, const std::string& hard) {
    file("proc/self/limits",
         "Limit                     Soft Limit           Hard Limit           Units     \n"
         "Max open files            65536                65536                files     \n"
         "Max locked memory         " +
             soft + "     " + hard + "     bytes     \n");
}

void RecordedMachine::without_privileges() {
    machine.identity = {1000, 1000, {1000}};
    file("proc/self/status", "Name:\tremit\nCapEff:\t0000000000000000\nCpus_allowed_list:\t0-63\n");
}

void RecordedMachine::pci(const std::string& path, const std::string& vendor, const std::string& device,
                          const std::string& kind, int numa_node) {
    fs::path folder = "sys/devices";
    for (const fs::path& part : fs::path(path)) {
        folder /= part;
        const std::string name = part.string();
        const bool last = folder == fs::path("sys/devices") / path;
        if (name.starts_with("pci") || machine.exists("sys/bus/pci/devices/" + name)) continue;
        file((folder / "vendor").string(), (last ? vendor : "0x10b5") + "\n");
        file((folder / "device").string(), (last ? device : "0x8796") + "\n");
        file((folder / "class").string(), (last ? kind : "0x060400") + "\n");
        file((folder / "numa_node").string(), std::to_string(numa_node) + "\n");
        file((folder / "config").string(), pci_config(true, 4096, last ? -1 : 0));
        link("sys/bus/pci/devices/" + name, folder.string());
    }
}

void RecordedMachine::gpu(const std::string& path, int numa_node) {
    pci(path, "0x10de", "0x2330", "0x030200", numa_node);
    file("sys/devices/" + path + "/resource",
         "0x00000000a0000000 0x00000000a0ffffff 0x0000000000040200\n"
         "0x0000380000000000 0x0000381fffffffff 0x000000000014220c\n");
}

void RecordedMachine::driver(const std::string& version, bool open_modules) {
    const std::string kind = open_modules ? "Open Kernel Module for x86_64" : "x86_64 Kernel Module";
    file("proc/driver/nvidia/version",
         "NVRM version: NVIDIA UNIX " + kind + "  " + version + "  Release Build\nGCC version:\n");
    file("dev/nvidiactl", "");
}

void RecordedMachine::netdev(const NicRecord& record) {
    const std::string folder = "sys/class/net/" + record.netdev + "/";
    file(folder + "mtu", std::to_string(record.netdev_mtu) + "\n");
    file(folder + "operstate", record.active ? "up\n" : "down\n");
    file(folder + "flags", "0x1003\n");
}

void RecordedMachine::gid(verbs::DeviceInfo& device, verbs::GidType type, const std::string& address,
                          const std::string& netdev) {
    verbs::PortInfo& port = device.ports.front();
    const auto index = static_cast<std::uint32_t>(port.gids.size());
    port.gids.push_back({index, type, gid_from(address), netdev});
    const std::string ndevs = "sys/class/infiniband/" + device.name + "/ports/1/gid_attrs/ndevs/";
    if (!netdev.empty()) file(ndevs + std::to_string(index), netdev + "\n");
}

verbs::DeviceInfo& RecordedMachine::nic(const NicRecord& record) {
    const std::string number = std::to_string(machine.rdma.devices.size());
    const std::string folder = "sys/class/infiniband/" + record.name + "/";
    const std::string port_folder = folder + "ports/1/";
    file(folder + "fw_ver", record.pci.empty() ? "\n" : "28.39.1002\n");
    file(port_folder + "rate", record.rate + "\n");
    file(port_folder + "phys_state", record.active ? "5: LinkUp\n" : "3: Disabled\n");
    file(port_folder + "counters/link_downed", "0\n");
    file("sys/class/infiniband_verbs/uverbs" + number + "/ibdev", record.name + "\n");
    file("dev/infiniband/uverbs" + number, "");
    fs::permissions(machine.path("dev/infiniband/uverbs" + number), static_cast<fs::perms>(0666));
    const bool ethernet = record.layer == verbs::LinkLayer::ethernet;
    if (ethernet) netdev(record);

    verbs::DeviceInfo device;
    device.name = record.name;
    if (ethernet) device.netdevs = {record.netdev};
    if (!record.pci.empty()) {
        pci(record.pci, "0x15b3", "0x1021", ethernet ? "0x020000" : "0x020700", record.numa_node);
        const std::string place = "sys/devices/" + record.pci;
        link(folder + "device", place);
        file(place + "/current_link_speed", "32.0 GT/s PCIe\n");
        file(place + "/current_link_width", "16\n");
        file(place + "/max_link_speed", "32.0 GT/s PCIe\n");
        file(place + "/max_link_width", "16\n");
        device.place = topology::read_pci_link(machine.path(folder + "device"));
    }
    verbs::PortInfo port;
    port.active = record.active;
    port.state = record.active ? "active" : "down";
    port.link_layer = record.layer;
    port.lid = ethernet ? 0 : 17;
    port.mtu = record.mtu;
    port.gid_table_length = 16;
    device.ports.push_back(port);
    verbs::DeviceInfo& added = machine.rdma.devices.emplace_back(std::move(device));
    if (!ethernet) {
        gid(added, verbs::GidType::infiniband, "fe80::9803:9b03:0:1", "");
        return added;
    }
    gid(added, verbs::GidType::roce_v1, "fe80::9a03:9bff:fe00:1", record.netdev);
    gid(added, verbs::GidType::roce_v2, "fe80::9a03:9bff:fe00:1", record.netdev);
    if (!record.address.empty()) gid(added, verbs::GidType::roce_v2, record.address, record.netdev);
    return added;
}

std::string pci_config(bool relaxed_ordering, std::uint32_t read_request, int acs) {
    std::string bytes(4096, '\0');
    put(bytes, 0x34, 0x60, 1);
    put(bytes, 0x60, 0x0001, 2);  // power management, on the way to
    put(bytes, 0x61, 0x80, 1);
    put(bytes, 0x80, 0x10, 1);  // PCI Express
    std::uint32_t size = 0;
    while (128U << size < read_request) ++size;
    put(bytes, 0x88, (relaxed_ordering ? 1U << 4 : 0) | 1U << 5 | size << 12, 2);
    put(bytes, 0x100, 0x0001 | 1U << 16 | (acs >= 0 ? 0x148U << 20 : 0), 4);  // advanced error reporting
    if (acs >= 0) {
        put(bytes, 0x148, 0x000d | 1U << 16, 4);
        put(bytes, 0x148 + 6, static_cast<std::uint32_t>(acs), 2);
    }
    return bytes;
}

Finding find(const std::vector<Finding>& findings, const std::string& id, const std::string& subject) {
    Finding worst_one;
    for (const Finding& finding : findings) {
        if (finding.id != id || (!subject.empty() && finding.subject != subject)) continue;
        if (worst_one.id.empty() || finding.verdict > worst_one.verdict) worst_one = finding;
    }
    return worst_one;
}

std::vector<std::string> ids_of(const std::vector<Finding>& findings, Verdict verdict) {
    std::vector<std::string> ids;
    for (const Finding& finding : findings) {
        const bool known = std::find(ids.begin(), ids.end(), finding.id) != ids.end();
        if (finding.verdict == verdict && !known) ids.push_back(finding.id);
    }
    return ids;
}

}  // namespace remit::tools::doctor::test
