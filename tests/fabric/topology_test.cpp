#include "fabric/topology/nearest.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <map>

/// Against trees as sysfs has them, of machines of several kinds.
namespace remit::fabric::topology {
namespace {

namespace fs = std::filesystem;

/// A sysfs of the test's own.
class Tree {
public:
    Tree() {
        std::string name = (fs::temp_directory_path() / "remit-sysfs-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        fs::create_directories(root_ / "bus/pci/devices");
        fs::create_directories(root_ / "class/infiniband");
    }
    ~Tree() { fs::remove_all(root_); }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    /// A device at a path such as "pci0000:17/0000:17:01.0/0000:1b:00.0".
    void device(const std::string& path, const std::string& vendor, const std::string& kind, int numa_node) {
        const fs::path folder = root_ / "devices" / path;
        fs::create_directories(folder);
        std::ofstream(folder / "vendor") << vendor << "\n";
        std::ofstream(folder / "class") << kind << "\n";
        std::ofstream(folder / "numa_node") << numa_node << "\n";
        fs::create_symlink(folder, root_ / "bus/pci/devices" / folder.filename());
    }
    void gpu(const std::string& path, int numa_node = 0) { device(path, "0x10de", "0x030200", numa_node); }
    void nic(const std::string& name, const std::string& path, int numa_node = 0) {
        device(path, "0x15b3", "0x020700", numa_node);
        fs::create_directories(root_ / "class/infiniband" / name);
        fs::create_symlink(root_ / "devices" / path, root_ / "class/infiniband" / name / "device");
        names_.push_back(name);
    }
    void virtual_nic(const std::string& name) {
        fs::create_directories(root_ / "devices/virtual/net" / name);
        fs::create_directories(root_ / "class/infiniband" / name);
        names_.push_back(name);
    }

    [[nodiscard]] const fs::path& root() const { return root_; }
    [[nodiscard]] std::vector<NicPlace> nics() const {
        std::vector<NicPlace> nics;
        for (const std::string& name : names_) {
            nics.push_back({name, read_pci_link(root_ / "class/infiniband" / name / "device")});
        }
        return nics;
    }
    /// The NIC of each GPU, and how it was told.
    [[nodiscard]] std::map<std::string, std::string> assignment() const {
        std::map<std::string, std::string> result;
        const auto all = nics();
        const auto gpus = read_gpus(root_);
        for (const PciPlace& gpu : gpus) {
            const auto nic = nearest_nic(gpu, gpus, all);
            result[gpu.address] = nic ? all[nic->index].name + ": " + to_string(nic->distance) : "none";
        }
        return result;
    }

private:
    fs::path root_;
    std::vector<std::string> names_;
};

using Assignment = std::map<std::string, std::string>;

TEST(Topology, CapitalsAndLongDomainsOfCudaAreThoseOfSysfs) {
    EXPECT_EQ(normalised_pci_address("0000:1B:00.0"), "0000:1b:00.0");
    EXPECT_EQ(normalised_pci_address("00000000:CA:00.0"), "0000:ca:00.0");
    EXPECT_EQ(normalised_pci_address("10000:01:00.1"), "10000:01:00.1");
    EXPECT_EQ(normalised_pci_address("1b:00.0"), "0000:1b:00.0");
    for (const char* none : {"", "mlx5_0", "0000:1b:00", "0000:1b:00.0x", "pci0000:17"}) {
        EXPECT_EQ(normalised_pci_address(none), std::nullopt) << none;
    }
}

TEST(Topology, ADeviceIsFoundByTheNameCudaGivesIt) {
    Tree tree;
    tree.gpu("pci0000:17/0000:17:01.0/0000:18:00.0/0000:1b:00.0", 1);
    const auto gpu = read_pci_device(tree.root(), "0000:1B:00.0");
    ASSERT_TRUE(gpu);
    EXPECT_EQ(gpu->address, "0000:1b:00.0");
    EXPECT_EQ(gpu->numa_node, 1);
    const std::vector<std::string> path{"pci0000:17", "0000:17:01.0", "0000:18:00.0", "0000:1b:00.0"};
    EXPECT_EQ(gpu->path, path);
    EXPECT_FALSE(read_pci_device(tree.root(), "0000:1c:00.0"));
}

TEST(Topology, OnlyGpusOfNvidiaCount) {
    Tree tree;
    tree.gpu("pci0000:00/0000:00:01.0/0000:02:00.0");
    tree.gpu("pci0000:00/0000:00:01.0/0000:01:00.0");
    tree.device("pci0000:00/0000:00:03.0", "0x1a03", "0x030000", 0);  // the display of the board
    tree.device("pci0000:00/0000:00:01.0/0000:01:00.1", "0x10de", "0x040300", 0);  // the sound of a card
    const auto gpus = read_gpus(tree.root());
    ASSERT_EQ(gpus.size(), 2U);
    EXPECT_EQ(gpus[0].address, "0000:01:00.0");
    EXPECT_TRUE(read_gpus(tree.root() / "missing").empty());
}

TEST(Topology, TheSameSwitchComesFirst) {
    Tree tree;
    tree.gpu("pci0000:17/0000:17:01.0/0000:18:00.0/0000:19:00.0/0000:1b:00.0");
    tree.nic("mlx5_0", "pci0000:17/0000:17:05.0/0000:20:00.0");
    tree.nic("mlx5_1", "pci0000:17/0000:17:01.0/0000:18:00.0/0000:19:01.0/0000:1c:00.0");
    tree.nic("mlx5_2", "pci0000:30/0000:30:01.0/0000:31:00.0");
    const Assignment expected{{"0000:1b:00.0", "mlx5_1: the same PCIe switch, 4 hops"}};
    EXPECT_EQ(tree.assignment(), expected);
}

TEST(Topology, ThenTheHostBridgeThenTheNumaNode) {
    Tree tree;
    tree.gpu("pci0000:17/0000:17:01.0/0000:1b:00.0", 0);
    tree.gpu("pci0000:40/0000:40:01.0/0000:41:00.0", 1);
    tree.gpu("pci0000:80/0000:80:01.0/0000:81:00.0", 2);
    tree.nic("mlx5_0", "pci0000:17/0000:17:05.0/0000:20:00.0", 0);
    tree.nic("mlx5_1", "pci0000:50/0000:50:01.0/0000:51:00.0", 1);
    const Assignment expected{{"0000:1b:00.0", "mlx5_0: the same host bridge, 4 hops"},
                              {"0000:41:00.0", "mlx5_1: the same NUMA node"},
                              {"0000:81:00.0", "mlx5_0: another NUMA node"}};
    EXPECT_EQ(tree.assignment(), expected);
}

TEST(Topology, EightGpusWithEightNicsBehindFourSwitchesHaveOneEach) {
    Tree tree;
    for (int i = 0; i < 8; ++i) {
        const std::string group = std::to_string(i / 2);
        const std::string below = "pci0000:" + group + "0/0000:" + group + "0:01.0/0000:" + group + "1:00.0/";
        const std::string slot = std::to_string(i % 2);
        tree.gpu(below + "0000:" + group + "2:0" + slot + ".0/0000:" + group + "4:0" + slot + ".0", i / 4);
        tree.nic("mlx5_" + std::to_string(i),
                 below + "0000:" + group + "3:0" + slot + ".0/0000:" + group + "6:0" + slot + ".0", i / 4);
    }
    std::map<std::string, int> users;
    for (const auto& [gpu, nic] : tree.assignment()) {
        ++users[nic];
        EXPECT_NE(nic.find("the same PCIe switch"), std::string::npos) << gpu << " " << nic;
    }
    EXPECT_EQ(users.size(), 8U);
}

TEST(Topology, GpusEquallyFarFromTheNicsDoNotPileOntoOne) {
    Tree tree;
    for (int i = 0; i < 4; ++i) {
        tree.gpu("pci0000:1" + std::to_string(i) + "/0000:1" + std::to_string(i) + ":01.0/0000:2" + std::to_string(i) +
                 ":00.0");
    }
    tree.nic("mlx5_0", "pci0000:50/0000:50:01.0/0000:51:00.0");
    tree.nic("mlx5_1", "pci0000:60/0000:60:01.0/0000:61:00.0");
    std::map<std::string, int> users;
    for (const auto& [gpu, nic] : tree.assignment()) ++users[nic];
    const std::map<std::string, int> expected{{"mlx5_0: the same NUMA node", 2}, {"mlx5_1: the same NUMA node", 2}};
    EXPECT_EQ(users, expected);
    const auto gpus = read_gpus(tree.root());
    EXPECT_EQ(nearest_nic(gpus[3], gpus, tree.nics())->shared, 1U);
}

TEST(Topology, AProcessThatSeesOneGpuFindsWhatAllFind) {
    Tree tree;
    tree.gpu("pci0000:10/0000:10:01.0/0000:11:00.0");
    tree.gpu("pci0000:20/0000:20:01.0/0000:21:00.0");
    tree.nic("mlx5_0", "pci0000:50/0000:50:01.0/0000:51:00.0");
    tree.nic("mlx5_1", "pci0000:60/0000:60:01.0/0000:61:00.0");
    const auto gpus = read_gpus(tree.root());
    const auto nics = tree.nics();
    EXPECT_EQ(nearest_nic(gpus[1], gpus, nics)->index, 1U);
    EXPECT_EQ(nearest_nic(gpus[1], {}, nics)->index, 0U) << "where the others cannot be seen";
}

TEST(Topology, VirtualDevicesAreNearNothing) {
    Tree tree;
    tree.gpu("pci0000:10/0000:10:01.0/0000:11:00.0");
    tree.virtual_nic("rxe_a0");
    EXPECT_EQ(tree.assignment().at("0000:11:00.0"), "none");
    tree.nic("mlx5_0", "pci0000:50/0000:50:01.0/0000:51:00.0", 1);
    EXPECT_EQ(tree.assignment().at("0000:11:00.0"), "mlx5_0: another NUMA node");
}

TEST(Topology, TwoPortsOfOneCardAreTwoNics) {
    Tree tree;
    tree.gpu("pci0000:10/0000:10:01.0/0000:11:00.0/0000:12:00.0/0000:13:00.0");
    tree.gpu("pci0000:10/0000:10:01.0/0000:11:00.0/0000:12:01.0/0000:14:00.0");
    tree.nic("mlx5_0", "pci0000:10/0000:10:01.0/0000:11:00.0/0000:12:02.0/0000:15:00.0");
    tree.nic("mlx5_1", "pci0000:10/0000:10:01.0/0000:11:00.0/0000:12:02.0/0000:15:00.1");
    const Assignment expected{{"0000:13:00.0", "mlx5_0: the same PCIe switch, 4 hops"},
                              {"0000:14:00.0", "mlx5_1: the same PCIe switch, 4 hops"}};
    EXPECT_EQ(tree.assignment(), expected);
}

}  // namespace
}  // namespace remit::fabric::topology
