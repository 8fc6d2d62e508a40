#include "shapes.hpp"

/// What makes a machine slow or unreliable though all of it works, each planted by itself.
namespace remit::tools::doctor::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(DoctorHost, PcieThatHoldsTheNicBack) {
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

TEST(DoctorHost, RegistersThatAnOrdinaryUserMayNotReadAreUnknownNotOk) {
    RecordedMachine recorded;
    const NicRecord nic = hardware();
    recorded.nic(nic);
    recorded.without_privileges();
    recorded.file("sys/devices/" + nic.pci + "/config", pci_config(false, 256).substr(0, 64));
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "pcie.config", Verdict::unknown, "not judged", "sudo remit doctor");
    EXPECT_TRUE(find(findings, "pcie.relaxed_ordering").id.empty());
}

TEST(DoctorHost, AProcessFarFromItsNic) {
    RecordedMachine recorded;
    NicRecord nic = hardware();
    nic.numa_node = 1;
    recorded.nic(nic);
    EXPECT_EQ(find(check_all(recorded.machine), "numa.affinity").verdict, Verdict::ok);
    recorded.file("proc/self/status", "CapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-3,8\n");
    expect_planted(check_all(recorded.machine), "numa.affinity", Verdict::warning, "0 of the 32 CPUs of node 1",
                   "numactl --cpunodebind=1");
}

TEST(DoctorHost, FlowControlOff) {
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

TEST(DoctorHost, ErrorsOnTheLink) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.file("sys/class/infiniband/mlx5_0/ports/1/hw_counters/out_of_sequence", "512\n");
    expect_planted(check_all(recorded.machine), "port.errors", Verdict::warning, "out_of_sequence 512", "flow control");
}

TEST(DoctorHost, PortAlreadyTakenFewFilesAndSlowUnkeptClock) {
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
