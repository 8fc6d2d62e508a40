#include "shapes.hpp"

/// GPUs, and the way between them and their NICs, each with one cause planted.
namespace remit::tools::doctor::test {
namespace {

using ::testing::HasSubstr;

class DoctorGpu : public ::testing::Test {
protected:
    /// Beside the NIC.
    const std::string kNear = std::string(kSwitch) + "/0000:19:02.0/0000:1d:00.0";

    void SetUp() override { recorded.nic(hardware()); }
    void near_gpu() {
        recorded.gpu(kNear);
        recorded.driver("550.54.15", true);
    }
    RecordedMachine recorded;
};

TEST_F(DoctorGpu, GpuWithoutPeermemAndDmabuf) {
    recorded.gpu(kNear);
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

TEST_F(DoctorGpu, GpuOnAnOldKernel) {
    near_gpu();
    EXPECT_EQ(find(check_all(recorded.machine), "gpu.direct").found, "by dma-buf");
    recorded.file("proc/sys/kernel/osrelease", "5.4.0-150-generic\n");
    const auto findings = check_all(recorded.machine);
    expect_planted(findings, "gpu.dmabuf", Verdict::warning, "Linux 5.4.0-150-generic", "5.12");
    expect_planted(findings, "kernel.version", Verdict::warning, "5.4.0", "5.12");
}

TEST_F(DoctorGpu, GpuWithoutADriverInAContainer) {
    recorded.gpu(kNear);
    expect_planted(check_all(recorded.machine), "gpu.driver", Verdict::problem, "no NVIDIA driver", "modprobe nvidia");
    recorded.file(".dockerenv", "");
    expect_planted(check_all(recorded.machine), "gpu.driver", Verdict::problem, "no NVIDIA driver", "--gpus all");
}

TEST_F(DoctorGpu, EachGpuHasItsNic) {
    NicRecord far = hardware("mlx5_1", "eth1", "10.0.1.6");
    far.pci = "pci0000:97/0000:97:01.0/0000:98:00.0/0000:99:00.0/0000:9b:00.0";
    far.numa_node = 1;
    recorded.nic(far);
    recorded.gpu(kNear);
    recorded.gpu("pci0000:97/0000:97:01.0/0000:98:00.0/0000:99:01.0/0000:9d:00.0", 1);
    recorded.driver("550.54.15", true);
    const auto findings = check_all(recorded.machine);
    EXPECT_THAT(find(findings, "gpu.nic", "0000:1d:00.0").found, HasSubstr("mlx5_0"));
    EXPECT_THAT(find(findings, "gpu.nic", "0000:9d:00.0").found, HasSubstr("mlx5_1"));
}

TEST_F(DoctorGpu, GpuFarFromEveryNic) {
    recorded.gpu("pci0000:97/0000:97:01.0/0000:9d:00.0", 1);
    recorded.driver("550.54.15", true);
    expect_planted(check_all(recorded.machine), "gpu.nic", Verdict::warning, "another NUMA node", "nvidia-smi topo -m");
}

TEST_F(DoctorGpu, GpuWithASmallBar) {
    near_gpu();
    recorded.file("sys/devices/" + kNear + "/resource",
                  "0x00000000a0000000 0x00000000a0ffffff 0x0000000000040200\n"
                  "0x0000380000000000 0x000038000fffffff 0x000000000014220c\n");
    expect_planted(check_all(recorded.machine), "gpu.bar", Verdict::warning, "256 MiB", "Resizable BAR");
}

TEST_F(DoctorGpu, AcsBetweenGpuAndNic) {
    near_gpu();
    EXPECT_EQ(find(check_all(recorded.machine), "pcie.acs").verdict, Verdict::ok);
    recorded.file(std::string("sys/devices/") + kSwitch + "/0000:19:02.0/config", pci_config(true, 4096, 0x1d));
    expect_planted(check_all(recorded.machine), "pcie.acs", Verdict::warning, "0000:19:02.0",
                   "setpci -s 0000:19:02.0 ECAP_ACS+6.w=0000");
}

TEST_F(DoctorGpu, AcsAboveTheCommonSwitchIsOnNobodysWay) {
    near_gpu();
    recorded.file("sys/devices/pci0000:17/0000:17:01.0/config", pci_config(true, 4096, 0x1d));
    EXPECT_EQ(find(check_all(recorded.machine), "pcie.acs").verdict, Verdict::ok);
}

}  // namespace
}  // namespace remit::tools::doctor::test
