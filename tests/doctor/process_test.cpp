#include "shapes.hpp"

#include <cerrno>

/// What a process may not have: device files, cgroups, namespaces and locked memory, each refused in one way.
namespace remit::tools::doctor::test {
namespace {

TEST(DoctorProcess, ContainerWithoutDeviceFiles) {
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

TEST(DoctorProcess, ContainerWhoseDeviceCgroupForbidsTheFile) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.machine.rdma.devices.clear();
    recorded.machine.rdma.unopened.push_back({"mlx5_0", EPERM});
    recorded.file("run/secrets/kubernetes.io/serviceaccount/namespace", "default");
    expect_planted(check_all(recorded.machine), "device.open", Verdict::problem, "Operation not permitted",
                   "device plugin");
}

TEST(DoctorProcess, ContainerInAnotherNetworkNamespace) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.remove("sys/class/net/eth0");
    recorded.file(".dockerenv", "");
    expect_planted(check_all(recorded.machine), "container.netns", Verdict::problem, "eth0", "--network=host");
}

TEST(DoctorProcess, RdmaCgroupLimit) {
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

TEST(DoctorProcess, MemlockOfAShell) {
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

TEST(DoctorProcess, MemlockOfASystemdUnit) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.without_privileges();
    recorded.memlock("8388608", "8388608");
    recorded.file("proc/self/cgroup", "0::/system.slice/vllm.service\n");
    expect_planted(check_all(recorded.machine), "memlock.limit", Verdict::problem, "8 MiB",
                   "systemctl edit vllm.service");
}

TEST(DoctorProcess, MemlockBindsRootOfAContainerWithoutIpcLock) {
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

TEST(DoctorProcess, IpcLockOfAUserNamespaceDoesNotCount) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.memlock("65536", "65536");
    recorded.file("proc/self/uid_map", "         0     100000      65536\n");
    EXPECT_EQ(find(check_all(recorded.machine), "memlock.limit").verdict, Verdict::problem);
}

TEST(DoctorProcess, DeviceFileOfRootAlone) {
    RecordedMachine recorded;
    recorded.nic(hardware());
    recorded.without_privileges();
    recorded.machine.identity = {12345, 12345, {}};
    std::filesystem::permissions(recorded.machine.path("dev/infiniband/uverbs0"),
                                 static_cast<std::filesystem::perms>(0600));
    expect_planted(check_all(recorded.machine), "files.permissions", Verdict::problem, "mode 0600", "90-rdma.rules");
}

}  // namespace
}  // namespace remit::tools::doctor::test
