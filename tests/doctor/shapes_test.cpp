#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "recorded_machine.hpp"
#include "tools/doctor/checks.hpp"

/// Machines of many shapes, each with one cause planted: the doctor names it, says how bad it is and what to do.
namespace remit::tools::doctor::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kSwitch = "pci0000:17/0000:17:01.0/0000:18:00.0";

NicRecord hardware(const std::string& name = "mlx5_0", const std::string& netdev = "eth0",
                   const std::string& address = "10.0.0.5", const std::string& port = "0000:19:00.0/0000:1b:00.0") {
    NicRecord nic;
    nic.name = name;
    nic.netdev = netdev;
    nic.address = address;
    nic.pci = std::string(kSwitch) + "/" + port;
    return nic;
}

NicRecord infiniband() {
    NicRecord nic = hardware();
    nic.layer = verbs::LinkLayer::infiniband;
    nic.rate = "400 Gb/sec (4X NDR)";
    return nic;
}

NicRecord software() {
    NicRecord nic;
    nic.name = "rxe0";
    nic.rate = "2.5 Gb/sec (1X SDR)";
    return nic;
}

void expect_planted(const std::vector<Finding>& findings, const std::string& id, Verdict verdict,
                    const std::string& found, const std::string& remedy) {
    const Finding finding = find(findings, id);
    ASSERT_EQ(finding.id, id) << "the doctor says nothing of it";
    EXPECT_EQ(finding.verdict, verdict) << finding.found;
    EXPECT_THAT(finding.found, HasSubstr(found));
    EXPECT_THAT(finding.remedy, HasSubstr(remedy));
    EXPECT_FALSE(finding.why.empty());
}

void expect_no_problem(const std::vector<Finding>& findings) {
    EXPECT_THAT(ids_of(findings, Verdict::problem), IsEmpty());
    EXPECT_THAT(ids_of(findings, Verdict::warning), IsEmpty());
}

TEST(DoctorShapes, InfiniBandThatIsWell) {
    RecordedMachine recorded;
    recorded.nic(infiniband());
    const auto findings = check_all(recorded.machine);
    expect_no_problem(findings);
    EXPECT_THAT(find(findings, "gid.choice").found, HasSubstr("LID 17"));
    EXPECT_THAT(find(findings, "port.rate").found, HasSubstr("400 Gb/sec"));
    EXPECT_THAT(find(findings, "device.firmware").found, HasSubstr("28.39.1002"));
}

TEST(DoctorShapes, InfiniBandWithoutASubnetManager) {
    RecordedMachine recorded;
    verbs::DeviceInfo& device = recorded.nic(infiniband());
    device.ports[0].active = false;
    device.ports[0].state = "init";
    expect_planted(check_all(recorded.machine), "port.state", Verdict::problem, "init", "opensm");
}

TEST(DoctorShapes, InfiniBandWithLostLanes) {
    RecordedMachine recorded;
    NicRecord nic = infiniband();
    nic.rate = "25 Gb/sec (1X EDR)";
    recorded.nic(nic);
    expect_planted(check_all(recorded.machine), "port.rate", Verdict::warning, "1X of 4X", "cable");
}

TEST(DoctorShapes, RoceV2WithSeveralPortsInOneSubnet) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.nic(hardware("mlx5_1", "eth1", "10.0.0.6", "0000:19:01.0/0000:1c:00.0"));
    recorded.file("proc/net/route",
                  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
                  "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n"
                  "eth1\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n");
    auto findings = check_all(recorded.machine);
    expect_planted(findings, "net.arp", Verdict::warning, "eth0, eth1", "arp_announce=2");
    EXPECT_THAT(find(findings, "device.choice").found, HasSubstr("mlx5_0"));
    EXPECT_THAT(find(findings, "gid.choice", "mlx5_1 port 1").found, HasSubstr("10.0.0.6"));

    recorded.file("proc/sys/net/ipv4/conf/all/arp_ignore", "1\n");
    recorded.file("proc/sys/net/ipv4/conf/all/arp_announce", "2\n");
    recorded.file("proc/sys/net/ipv4/conf/all/rp_filter", "1\n");
    findings = check_all(recorded.machine);
    EXPECT_EQ(find(findings, "net.arp").verdict, Verdict::ok);
    expect_planted(findings, "net.rp_filter", Verdict::warning, "strict", "rp_filter=2");
}

TEST(DoctorShapes, TheLocalAddressDecidesWhichRailIsTaken) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.nic(hardware("mlx5_1", "eth1", "10.0.1.6", "0000:19:01.0/0000:1c:00.0"));
    recorded.machine.rdma.local.gid = verbs::gid_of_ip("10.0.1.6");
    const auto findings = check_all(recorded.machine);
    EXPECT_THAT(find(findings, "device.choice").found, HasSubstr("mlx5_1"));
    EXPECT_THAT(find(findings, "gid.choice", "mlx5_1 port 1").found, HasSubstr("the local address"));
}

TEST(DoctorShapes, BondInAModeWithoutRoce) {
    RecordedMachine recorded;
    NicRecord nic = hardware("mlx5_bond_0", "bond0");
    recorded.nic(nic);
    recorded.file("sys/class/net/bond0/bonding/mode", "balance-rr 0\n");
    recorded.file("sys/class/net/bond0/bonding/slaves", "eth0 eth1\n");
    expect_planted(check_all(recorded.machine), "port.bond", Verdict::problem, "balance-rr", "802.3ad");
}

TEST(DoctorShapes, BondWithOneLegDown) {
    RecordedMachine recorded;
    recorded.nic(hardware("mlx5_bond_0", "bond0"));
    recorded.file("sys/class/net/bond0/bonding/mode", "802.3ad 4\n");
    recorded.file("sys/class/net/bond0/bonding/slaves", "eth0 eth1\n");
    recorded.file("sys/class/net/eth0/operstate", "up\n");
    recorded.file("sys/class/net/eth1/operstate", "down\n");
    expect_planted(check_all(recorded.machine), "port.bond", Verdict::warning, "down: eth1", "ip link set eth1 up");
}

TEST(DoctorShapes, ContainerWithoutDeviceFiles) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.rdma.devices.clear();  // libibverbs leaves out what has no file
    recorded.remove("dev/infiniband");
    recorded.file(".dockerenv", "");
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "files.uverbs", Verdict::problem, "/dev/infiniband/uverbs0 is not there",
                   "--device=/dev/infiniband");
    expect_planted(findings, "device.open", Verdict::problem, "provider is missing", "files.uverbs");
    EXPECT_EQ(find(findings, "container.kind").found, "Docker");
}

TEST(DoctorShapes, ContainerWhoseDeviceCgroupForbidsTheFile) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.rdma.devices.clear();
    recorded.machine.rdma.unopened.push_back({"mlx5_0", EPERM});
    recorded.file("run/secrets/kubernetes.io/serviceaccount/namespace", "default");
    expect_planted(check_all(recorded.machine), "device.open", Verdict::problem, "Operation not permitted",
                   "device plugin");
}

TEST(DoctorShapes, ContainerInAnotherNetworkNamespace) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.remove("sys/class/net/eth0");
    recorded.file(".dockerenv", "");
    expect_planted(check_all(recorded.machine), "container.netns", Verdict::problem, "eth0", "--network=host");
}

TEST(DoctorShapes, RdmaCgroupLimit) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.file("proc/self/cgroup", "0::/kubepods/pod1/remit\n");
    recorded.file("sys/fs/cgroup/kubepods/pod1/rdma.max", "mlx5_0 hca_handle=2 hca_object=8\n");
    auto findings = check_all(recorded.machine);
    expect_planted(findings, "container.rdma_cgroup", Verdict::problem, "hca_object=8",
                   "echo 'mlx5_0 hca_handle=max hca_object=max' > /sys/fs/cgroup/kubepods/pod1/rdma.max");
    recorded.file("sys/fs/cgroup/kubepods/pod1/rdma.max", "mlx5_0 hca_handle=max hca_object=max\n");
    EXPECT_EQ(find(check_all(recorded.machine), "container.rdma_cgroup").verdict, Verdict::ok);
}

TEST(DoctorShapes, MemlockOfAShell) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.without_privileges();
    recorded.memlock("65536", "65536");
    expect_planted(check_all(recorded.machine), "memlock.limit", Verdict::problem, "64 KiB", "/etc/security/limits.d");
    recorded.memlock("65536", "unlimited");
    expect_planted(check_all(recorded.machine), "memlock.limit", Verdict::problem, "64 KiB", "ulimit -l unlimited");
    recorded.memlock("68719476736", "68719476736");
    expect_planted(check_all(recorded.machine), "memlock.limit", Verdict::warning, "64 GiB", "unlimited");
}

TEST(DoctorShapes, MemlockOfASystemdUnit) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.without_privileges();
    recorded.memlock("8388608", "8388608");
    recorded.file("proc/self/cgroup", "0::/system.slice/vllm.service\n");
    expect_planted(check_all(recorded.machine), "memlock.limit", Verdict::problem, "8 MiB",
                   "systemctl edit vllm.service");
}

TEST(DoctorShapes, MemlockBindsRootOfAContainerWithoutIpcLock) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.memlock("65536", "65536");
    recorded.file(".dockerenv", "");
    EXPECT_EQ(find(check_all(recorded.machine), "memlock.limit").verdict, Verdict::ok) << "root has CAP_IPC_LOCK";
    recorded.file("proc/self/status", "CapEff:\t00000000a80425fb\n");  // what Docker leaves to root
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "memlock.limit", Verdict::problem, "64 KiB", "--ulimit memlock=-1:-1");
    expect_planted(findings, "container.ipc_lock", Verdict::warning, "CAP_IPC_LOCK", "--cap-add=IPC_LOCK");
}

TEST(DoctorShapes, IpcLockOfAUserNamespaceDoesNotCount) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.memlock("65536", "65536");
    recorded.file("proc/self/uid_map", "         0     100000      65536\n");
    EXPECT_EQ(find(check_all(recorded.machine), "memlock.limit").verdict, Verdict::problem);
}

TEST(DoctorShapes, DeviceFileOfRootAlone) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.without_privileges();
    recorded.machine.identity = {12345, 12345, {}};
    std::filesystem::permissions(recorded.machine.path("dev/infiniband/uverbs0"),
                                 static_cast<std::filesystem::perms>(0600));
    expect_planted(check_all(recorded.machine), "files.permissions", Verdict::problem, "mode 0600", "90-rdma.rules");
}

TEST(DoctorShapes, SoftRoceThatIsWell) {
    RecordedMachine recorded;
    recorded.nic(software());
    const auto findings = check_all(recorded.machine);
    expect_no_problem(findings);
    EXPECT_THAT(find(findings, "device.firmware").found, HasSubstr("software"));
    EXPECT_TRUE(find(findings, "pcie.link").id.empty());
}

TEST(DoctorShapes, SoftRoceBehindAFirewall) {
    RecordedMachine recorded;
    recorded.nic(software());
    recorded.machine.firewall =
        "table inet filter {\n chain input {\n  type filter hook input priority filter; policy drop;\n"
        "  tcp dport { 22, 7700 } accept\n  udp dport 47910 accept\n }\n}\n";
    expect_planted(check_all(recorded.machine), "net.firewall", Verdict::warning, "UDP to 4791",
                   "udp dport 4791 accept");
    recorded.machine.firewall = ":INPUT DROP [0:0]\n-A INPUT -p udp --dport 4791 -j ACCEPT\n";
    expect_planted(check_all(recorded.machine), "net.firewall", Verdict::warning, "TCP to 7700",
                   "tcp dport 7700 accept");
}

TEST(DoctorShapes, NoRdmaAtAll) {
    RecordedMachine recorded;
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "device.present", Verdict::problem, "no RDMA device", "rdma link add rxe0 type rxe");
    EXPECT_THAT(ids_of(findings, Verdict::problem), Contains("device.present"));
    EXPECT_TRUE(find(findings, "device.driver").id.empty());
}

TEST(DoctorShapes, AdapterWithoutItsDriver) {
    RecordedMachine recorded;
    recorded.pci("pci0000:17/0000:17:01.0/0000:1b:00.0", "0x15b3", "0x1021", "0x020000", 0);
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "device.driver", Verdict::problem, "0000:1b:00.0", "modprobe -a mlx5_ib ib_uverbs");
    expect_planted(findings, "device.present", Verdict::problem, "no RDMA device", "device.driver");
}

TEST(DoctorShapes, ProviderLibraryMissing) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.rdma.devices.clear();
    expect_planted(check_all(recorded.machine), "device.open", Verdict::problem, "libibverbs lists it not",
                   "ibverbs-providers");
}

TEST(DoctorShapes, UverbsModuleMissing) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.rdma.devices.clear();
    recorded.remove("sys/class/infiniband_verbs");
    expect_planted(check_all(recorded.machine), "files.uverbs", Verdict::problem, "infiniband_verbs",
                   "modprobe ib_uverbs");
}

TEST(DoctorShapes, PortDown) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.active = false;
    recorded.nic(nic);
    recorded.file("sys/class/net/eth0/flags", "0x1002\n");
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "port.state", Verdict::problem, "down, physically 3: Disabled", "ip link set eth0 up");
    expect_planted(findings, "port.netdev", Verdict::problem, "eth0 is down, set down", "ip link set eth0 up");
}

TEST(DoctorShapes, AnotherPortThatIsDownIsNoProblem) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    NicRecord second = hardware("mlx5_1", "eth1", "10.0.1.6", "0000:19:01.0/0000:1c:00.0");
    second.active = false;
    recorded.nic(second);
    const auto findings = check_all(recorded.machine);
    EXPECT_THAT(ids_of(findings, Verdict::problem), IsEmpty());
    EXPECT_EQ(find(findings, "port.state", "mlx5_1 port 1").verdict, Verdict::warning);
}

TEST(DoctorShapes, WrongMtu) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.mtu = 1024;
    nic.netdev_mtu = 1500;
    recorded.nic(nic);
    expect_planted(check_all(recorded.machine), "port.mtu", Verdict::warning, "1024 bytes; eth0 has 1500",
                   "ip link set eth0 mtu 4200");
}

TEST(DoctorShapes, LinkLocalGidsOnly) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.address = "";
    recorded.nic(nic);
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "gid.choice", Verdict::problem, "only link-local", "ip address add");
    EXPECT_THAT(find(findings, "gid.table").found, HasSubstr("(link-local)"));
}

TEST(DoctorShapes, RoceV1Only) {
    RecordedMachine recorded;
    verbs::DeviceInfo& device = recorded.nic(hardware());
    device.ports[0].gids.clear();
    recorded.gid(device, verbs::GidType::roce_v1, "10.0.0.5", "eth0");
    expect_planted(check_all(recorded.machine), "gid.choice", Verdict::problem, "only RoCE v1", "RoCE v2");
}

TEST(DoctorShapes, EmptyGidTable) {
    RecordedMachine recorded;
    verbs::DeviceInfo& device = recorded.nic(hardware());
    device.ports[0].gids.clear();
    expect_planted(check_all(recorded.machine), "gid.choice", Verdict::problem, "empty", "ip address add");
}

TEST(DoctorShapes, AGidIndexThatIsNotSet) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.wanted.gid_index = 9;
    expect_planted(check_all(recorded.machine), "gid.choice", Verdict::problem, "GID index 9", "--gid-index");
}

TEST(DoctorShapes, ADeviceThatIsNotThere) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.wanted.device = "mlx5_7";
    expect_planted(check_all(recorded.machine), "device.choice", Verdict::problem, "mlx5_7", "--device");
}

TEST(DoctorShapes, IwarpIsPassedOver) {
    RecordedMachine recorded;
    recorded.nic(hardware()).iwarp = true;
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "device.transport", Verdict::warning, "iWARP", "roce_ena=1");
    EXPECT_EQ(find(findings, "device.choice").verdict, Verdict::problem);
}

TEST(DoctorShapes, GpuWithoutPeermemAndDmabuf) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.gpu(std::string(kSwitch) + "/0000:19:02.0/0000:1d:00.0");
    recorded.driver("550.54.15", false);
    auto findings = check_all(recorded.machine);
    expect_planted(findings, "gpu.dmabuf", Verdict::warning, "proprietary", "nvidia-open");
    expect_planted(findings, "gpu.peermem", Verdict::warning, "not loaded", "modprobe nvidia-peermem");
    expect_planted(findings, "gpu.direct", Verdict::warning, "staged", "gpu.peermem");
    EXPECT_THAT(find(findings, "gpu.nic").found, HasSubstr("mlx5_0: nearest to GPU 0000:1d:00.0"));

    recorded.file("sys/module/nvidia_peermem/version", "550\n");
    findings = check_all(recorded.machine);
    EXPECT_EQ(find(findings, "gpu.direct").found, "by nvidia-peermem");
    EXPECT_EQ(find(findings, "gpu.direct").verdict, Verdict::ok);
}

TEST(DoctorShapes, GpuOnAnOldKernel) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.gpu(std::string(kSwitch) + "/0000:19:02.0/0000:1d:00.0");
    recorded.driver("550.54.15", true);
    EXPECT_EQ(find(check_all(recorded.machine), "gpu.direct").found, "by dma-buf");
    recorded.file("proc/sys/kernel/osrelease", "5.4.0-150-generic\n");
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "gpu.dmabuf", Verdict::warning, "Linux 5.4.0-150-generic", "5.12");
    expect_planted(findings, "kernel.version", Verdict::warning, "5.4.0", "5.12");
}

TEST(DoctorShapes, GpuWithoutADriverInAContainer) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.gpu(std::string(kSwitch) + "/0000:19:02.0/0000:1d:00.0");
    expect_planted(check_all(recorded.machine), "gpu.driver", Verdict::problem, "no NVIDIA driver", "modprobe nvidia");
    recorded.file(".dockerenv", "");
    expect_planted(check_all(recorded.machine), "gpu.driver", Verdict::problem, "no NVIDIA driver", "--gpus all");
}

TEST(DoctorShapes, EachGpuHasItsNic) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    NicRecord far = hardware("mlx5_1", "eth1", "10.0.1.6");
    far.pci = "pci0000:97/0000:97:01.0/0000:98:00.0/0000:99:00.0/0000:9b:00.0";
    far.numa_node = 1;
    recorded.nic(far);
    recorded.gpu(std::string(kSwitch) + "/0000:19:02.0/0000:1d:00.0", 0);
    recorded.gpu("pci0000:97/0000:97:01.0/0000:98:00.0/0000:99:01.0/0000:9d:00.0", 1);
    recorded.driver("550.54.15", true);
    const auto findings = check_all(recorded.machine);
    EXPECT_THAT(find(findings, "gpu.nic", "0000:1d:00.0").found, HasSubstr("mlx5_0"));
    EXPECT_THAT(find(findings, "gpu.nic", "0000:9d:00.0").found, HasSubstr("mlx5_1"));
}

TEST(DoctorShapes, GpuFarFromEveryNic) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.gpu("pci0000:97/0000:97:01.0/0000:9d:00.0", 1);
    recorded.driver("550.54.15", true);
    expect_planted(check_all(recorded.machine), "gpu.nic", Verdict::warning, "another NUMA node", "nvidia-smi topo -m");
}

TEST(DoctorShapes, GpuWithASmallBar) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    const std::string gpu = std::string(kSwitch) + "/0000:19:02.0/0000:1d:00.0";
    recorded.gpu(gpu);
    recorded.driver("550.54.15", true);
    recorded.file("sys/devices/" + gpu + "/resource",
                  "0x00000000a0000000 0x00000000a0ffffff 0x0000000000040200\n"
                  "0x0000380000000000 0x000038000fffffff 0x000000000014220c\n");
    expect_planted(check_all(recorded.machine), "gpu.bar", Verdict::warning, "256 MiB", "Resizable BAR");
}

TEST(DoctorShapes, AcsBetweenGpuAndNic) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.gpu(std::string(kSwitch) + "/0000:19:02.0/0000:1d:00.0");
    recorded.driver("550.54.15", true);
    EXPECT_EQ(find(check_all(recorded.machine), "pcie.acs").verdict, Verdict::ok);
    recorded.file(std::string("sys/devices/") + kSwitch + "/0000:19:02.0/config", pci_config(true, 4096, 0x1d));
    expect_planted(check_all(recorded.machine), "pcie.acs", Verdict::warning, "0000:19:02.0",
                   "setpci -s 0000:19:02.0 ECAP_ACS+6.w=0000");
}

TEST(DoctorShapes, AcsAboveTheCommonSwitchIsOnNobodysWay) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.gpu(std::string(kSwitch) + "/0000:19:02.0/0000:1d:00.0");
    recorded.driver("550.54.15", true);
    recorded.file("sys/devices/pci0000:17/0000:17:01.0/config", pci_config(true, 4096, 0x1d));
    EXPECT_EQ(find(check_all(recorded.machine), "pcie.acs").verdict, Verdict::ok);
}

TEST(DoctorShapes, PcieThatHoldsTheNicBack) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.rate = "400 Gb/sec (4X NDR)";
    recorded.nic(nic);
    const std::string folder = "sys/devices/" + nic.pci + "/";
    recorded.file(folder + "current_link_width", "8\n");
    recorded.file(folder + "config", pci_config(false, 256));
    recorded.file("sys/kernel/iommu_groups/7/type", "DMA-FQ\n");
    recorded.link(folder + "iommu_group", "sys/kernel/iommu_groups/7");
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "pcie.link", Verdict::warning, "32 GT/s x8", "LnkSta");
    expect_planted(findings, "pcie.relaxed_ordering", Verdict::warning, "off", "CAP_EXP+8.w=10:10");
    expect_planted(findings, "pcie.read_request", Verdict::warning, "256 bytes", "CAP_EXP+8.w=5000:7000");
    expect_planted(findings, "pcie.iommu", Verdict::warning, "DMA-FQ", "iommu=pt");
}

TEST(DoctorShapes, RegistersThatAnOrdinaryUserMayNotReadAreUnknownNotOk) {
    RecordedMachine recorded;
    const NicRecord nic = hardware();
    recorded.nic(nic);
    recorded.without_privileges();
    recorded.file("sys/devices/" + nic.pci + "/config", pci_config(false, 256).substr(0, 64));
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "pcie.config", Verdict::unknown, "not judged", "sudo remit doctor");
    EXPECT_TRUE(find(findings, "pcie.relaxed_ordering").id.empty());
}

TEST(DoctorShapes, AProcessFarFromItsNic) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.numa_node = 1;
    recorded.nic(nic);
    EXPECT_EQ(find(check_all(recorded.machine), "numa.affinity").verdict, Verdict::ok);
    recorded.file("proc/self/status", "CapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-3,8\n");
    expect_planted(check_all(recorded.machine), "numa.affinity", Verdict::warning, "0 of the 32 CPUs of node 1",
                   "numactl --cpunodebind=1");
}

TEST(DoctorShapes, FlowControlOff) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    EXPECT_EQ(find(check_all(recorded.machine), "flow.pfc").verdict, Verdict::unknown);
    recorded.file("sys/class/net/eth0/qos/pfc", "0 0 0 0 0 0 0 0\n");
    for (int priority = 0; priority < 8; ++priority) {
        recorded.file("sys/class/net/eth0/ecn/roce_rp/enable/" + std::to_string(priority), "0\n");
        recorded.file("sys/class/net/eth0/ecn/roce_np/enable/" + std::to_string(priority),
                      priority == 3 ? "1\n" : "0\n");
    }
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "flow.pfc", Verdict::warning, "off", "--pfc 0,0,0,1,0,0,0,0");
    expect_planted(findings, "flow.ecn", Verdict::warning, "roce_rp: off", "ecn/roce_rp/enable/3");
    EXPECT_THAT(find(findings, "flow.ecn").remedy, Not(HasSubstr("roce_np")));
}

TEST(DoctorShapes, ErrorsOnTheLink) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.file("sys/class/infiniband/mlx5_0/ports/1/hw_counters/out_of_sequence", "512\n");
    expect_planted(check_all(recorded.machine), "port.errors", Verdict::warning, "out_of_sequence 512", "flow control");
}

TEST(DoctorShapes, PortAlreadyTakenFewFilesAndSlowUnkeptClock) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.file("proc/net/tcp6", "  sl\n   0: 00000000000000000000000000000000:1E14 0000:0000 0A 0\n");
    recorded.file("proc/self/limits",
                  "Max open files            256                  256                  files     \n"
                  "Max locked memory         unlimited            unlimited            bytes     \n");
    recorded.file("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    recorded.file("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    recorded.machine.clock_synchronised = false;
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "net.port", Verdict::warning, "7700", "ss -tlnp");
    expect_planted(findings, "limits.files", Verdict::warning, "256", "ulimit -n");
    expect_planted(findings, "clock.source", Verdict::warning, "hpet", "tsc");
    expect_planted(findings, "clock.synchronised", Verdict::warning, "no time service", "chrony");
    expect_planted(findings, "kernel.huge_pages", Verdict::warning, "[never]", "echo madvise");
}

}  // namespace
}  // namespace remit::tools::doctor::test
