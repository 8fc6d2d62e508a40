#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/doctor/finding.hpp"
#include "tools/doctor/machine.hpp"

namespace remit::tools::doctor::test {

/// One RDMA device of a recorded machine. What is not set is as on a machine where nothing is wrong.
struct NicRecord {
    std::string name = "mlx5_0";
    std::string pci;  ///< "pci0000:17/0000:17:01.0/0000:1b:00.0"; empty: made by software
    int numa_node = 0;
    verbs::LinkLayer layer = verbs::LinkLayer::ethernet;
    std::string netdev = "eth0";
    std::string address = "10.0.0.5";  ///< of the RoCE v2 GID; empty: link-local alone
    bool active = true;
    std::uint32_t mtu = 4096;
    std::uint32_t netdev_mtu = 9000;
    std::string rate = "100 Gb/sec (4X EDR)";
};

/// A machine as a folder below /tmp, of the shape that Linux gives /sys, /proc and /dev, and libibverbs' facts beside
/// it.
class RecordedMachine {
public:
    /// Linux 6.1 without an RDMA device, memlock unlimited, run by root, two NUMA nodes.
    RecordedMachine();
    ~RecordedMachine();
    RecordedMachine(const RecordedMachine&) = delete;
    RecordedMachine& operator=(const RecordedMachine&) = delete;

    Machine machine;

    void file(const std::string& path, const std::string& content);
    void remove(const std::string& path);
    /// A relative link, as sysfs has them.
    void link(const std::string& path, const std::string& target);

    verbs::DeviceInfo& nic(const NicRecord& record);
    void gid(verbs::DeviceInfo& device, verbs::GidType type, const std::string& address, const std::string& netdev);
    /// A PCI device, and all bridges above it.
    void pci(const std::string& path, const std::string& vendor, const std::string& device, const std::string& kind,
             int numa_node);
    void gpu(const std::string& path, int numa_node = 0);
    void driver(const std::string& version, bool open_modules);
    void memlock(const std::string& soft, const std::string& hard);
    /// Takes CAP_IPC_LOCK away, as from an ordinary user.
    void without_privileges();

private:
    void netdev(const NicRecord& record);
};

/// Configuration space of 4096 bytes: PCIe device control as given, and an ACS capability where `acs` is not negative.
[[nodiscard]] std::string pci_config(bool relaxed_ordering, std::uint32_t read_request, int acs = -1);

/// The finding of that id (and subject, where one is given) that is worst; verdict ok with an empty id where there is
/// none.
[[nodiscard]] Finding find(const std::vector<Finding>& findings, const std::string& id,
                           const std::string& subject = "");

/// Ids of all findings with that verdict, each once.
[[nodiscard]] std::vector<std::string> ids_of(const std::vector<Finding>& findings, Verdict verdict);

}  // namespace remit::tools::doctor::test
