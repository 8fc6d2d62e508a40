#include "shapes.hpp"

/// Devices, ports and GIDs of many shapes, each with one cause planted: the doctor names it, says how bad it is and what to do.
namespace remit::tools::doctor::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(DoctorPorts, InfiniBandThatIsWell) {
    RecordedMachine recorded;
    recorded.nic(infiniband());
    const auto findings = check_all(recorded.machine);
    expect_no_problem(findings);
    EXPECT_THAT(find(findings, "gid.choice").found, HasSubstr("LID 17"));
    EXPECT_THAT(find(findings, "port.rate").found, HasSubstr("400 Gb/sec"));
    EXPECT_THAT(find(findings, "device.firmware").found, HasSubstr("28.39.1002"));
}

TEST(DoctorPorts, InfiniBandWithoutASubnetManager) {
    RecordedMachine recorded;
    verbs::DeviceInfo& device = recorded.nic(infiniband());
    device.ports[0].active = false;
    device.ports[0].state = "init";
    expect_planted(check_all(recorded.machine), "port.state", Verdict::problem, "init", "opensm");
}

TEST(DoctorPorts, InfiniBandWithLostLanes) {
    RecordedMachine recorded;
    NicRecord nic = infiniband();
    nic.rate = "25 Gb/sec (1X EDR)";
    recorded.nic(nic);
    expect_planted(check_all(recorded.machine), "port.rate", Verdict::warning, "1X of 4X", "cable");
}

TEST(DoctorPorts, RoceV2WithSeveralPortsInOneSubnet) {
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

TEST(DoctorPorts, TheLocalAddressDecidesWhichRailIsTaken) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.nic(hardware("mlx5_1", "eth1", "10.0.1.6", "0000:19:01.0/0000:1c:00.0"));
    recorded.machine.rdma.local.gid = verbs::gid_of_ip("10.0.1.6");
    const auto findings = check_all(recorded.machine);
    EXPECT_THAT(find(findings, "device.choice").found, HasSubstr("mlx5_1"));
    EXPECT_THAT(find(findings, "gid.choice", "mlx5_1 port 1").found, HasSubstr("the local address"));
}

TEST(DoctorPorts, BondInAModeWithoutRoce) {
    RecordedMachine recorded;
    NicRecord nic = hardware("mlx5_bond_0", "bond0");
    recorded.nic(nic);
    recorded.file("sys/class/net/bond0/bonding/mode", "balance-rr 0\n");
    recorded.file("sys/class/net/bond0/bonding/slaves", "eth0 eth1\n");
    expect_planted(check_all(recorded.machine), "port.bond", Verdict::problem, "balance-rr", "802.3ad");
}

TEST(DoctorPorts, BondWithOneLegDown) {
    RecordedMachine recorded;
    recorded.nic(hardware("mlx5_bond_0", "bond0"));
    recorded.file("sys/class/net/bond0/bonding/mode", "802.3ad 4\n");
    recorded.file("sys/class/net/bond0/bonding/slaves", "eth0 eth1\n");
    recorded.file("sys/class/net/eth0/operstate", "up\n");
    recorded.file("sys/class/net/eth1/operstate", "down\n");
    expect_planted(check_all(recorded.machine), "port.bond", Verdict::warning, "down: eth1", "ip link set eth1 up");
}

TEST(DoctorPorts, SoftRoceThatIsWell) {
    RecordedMachine recorded;
    recorded.nic(software());
    const auto findings = check_all(recorded.machine);
    expect_no_problem(findings);
    EXPECT_THAT(find(findings, "device.firmware").found, HasSubstr("software"));
    EXPECT_TRUE(find(findings, "pcie.link").id.empty());
}

TEST(DoctorPorts, SoftRoceBehindAFirewall) {
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

TEST(DoctorPorts, NoRdmaAtAll) {
    RecordedMachine recorded;
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "device.present", Verdict::problem, "no RDMA device", "rdma link add rxe0 type rxe");
    EXPECT_THAT(ids_of(findings, Verdict::problem), Contains("device.present"));
    EXPECT_TRUE(find(findings, "device.driver").id.empty());
}

TEST(DoctorPorts, AdapterWithoutItsDriver) {
    RecordedMachine recorded;
    recorded.pci("pci0000:17/0000:17:01.0/0000:1b:00.0", "0x15b3", "0x1021", "0x020000", 0);
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "device.driver", Verdict::problem, "0000:1b:00.0", "modprobe -a mlx5_ib ib_uverbs");
    expect_planted(findings, "device.present", Verdict::problem, "no RDMA device", "device.driver");
}

TEST(DoctorPorts, ProviderLibraryMissing) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.rdma.devices.clear();
    expect_planted(check_all(recorded.machine), "device.open", Verdict::problem, "libibverbs lists it not",
                   "ibverbs-providers");
}

TEST(DoctorPorts, UverbsModuleMissing) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.rdma.devices.clear();
    recorded.remove("sys/class/infiniband_verbs");
    expect_planted(check_all(recorded.machine), "files.uverbs", Verdict::problem, "infiniband_verbs",
                   "modprobe ib_uverbs");
}

TEST(DoctorPorts, PortDown) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.active = false;
    recorded.nic(nic);
    recorded.file("sys/class/net/eth0/flags", "0x1002\n");
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "port.state", Verdict::problem, "down, physically 3: Disabled", "ip link set eth0 up");
    expect_planted(findings, "port.netdev", Verdict::problem, "eth0 is down, set down", "ip link set eth0 up");
}

TEST(DoctorPorts, AnotherPortThatIsDownIsNoProblem) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    NicRecord second = hardware("mlx5_1", "eth1", "10.0.1.6", "0000:19:01.0/0000:1c:00.0");
    second.active = false;
    recorded.nic(second);
    const auto findings = check_all(recorded.machine);
    EXPECT_THAT(ids_of(findings, Verdict::problem), IsEmpty());
    EXPECT_EQ(find(findings, "port.state", "mlx5_1 port 1").verdict, Verdict::warning);
}

TEST(DoctorPorts, WrongMtu) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.mtu = 1024;
    nic.netdev_mtu = 1500;
    recorded.nic(nic);
    expect_planted(check_all(recorded.machine), "port.mtu", Verdict::warning, "1024 bytes; eth0 has 1500",
                   "ip link set eth0 mtu 4200");
}

TEST(DoctorPorts, LinkLocalGidsOnly) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.address = "";
    recorded.nic(nic);
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "gid.choice", Verdict::problem, "only link-local", "ip address add");
    EXPECT_THAT(find(findings, "gid.table").found, HasSubstr("(link-local)"));
}

TEST(DoctorPorts, RoceV1Only) {
    RecordedMachine recorded;
    verbs::DeviceInfo& device = recorded.nic(hardware());
    device.ports[0].gids.clear();
    recorded.gid(device, verbs::GidType::roce_v1, "10.0.0.5", "eth0");
    expect_planted(check_all(recorded.machine), "gid.choice", Verdict::problem, "only RoCE v1", "RoCE v2");
}

TEST(DoctorPorts, EmptyGidTable) {
    RecordedMachine recorded;
    verbs::DeviceInfo& device = recorded.nic(hardware());
    device.ports[0].gids.clear();
    expect_planted(check_all(recorded.machine), "gid.choice", Verdict::problem, "empty", "ip address add");
}

TEST(DoctorPorts, AGidIndexThatIsNotSet) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.wanted.gid_index = 9;
    expect_planted(check_all(recorded.machine), "gid.choice", Verdict::problem, "GID index 9", "--gid-index");
}

TEST(DoctorPorts, ADeviceThatIsNotThere) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.wanted.device = "mlx5_7";
    expect_planted(check_all(recorded.machine), "device.choice", Verdict::problem, "mlx5_7", "--device");
}

TEST(DoctorPorts, IwarpIsPassedOver) {
    RecordedMachine recorded;
    recorded.nic(hardware()).iwarp = true;
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "device.transport", Verdict::warning, "iWARP", "roce_ena=1");
    EXPECT_EQ(find(findings, "device.choice").verdict, Verdict::problem);
}

}  // namespace
}  // namespace remit::tools::doctor::test
