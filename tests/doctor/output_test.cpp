#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "recorded_machine.hpp"
#include "tools/doctor/catalogue.hpp"
#include "tools/doctor/checks.hpp"
#include "tools/doctor/pci_config.hpp"
#include "tools/doctor/print.hpp"
#include "tools/doctor/words.hpp"

/// What people and programs get to read, and the small readers behind it.
namespace remit::tools::doctor::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<Finding> some_findings() {
    Findings findings;
    findings.ok("device.present", "", "mlx5_0");
    findings.add(Verdict::warning, "port.mtu", "mlx5_0 port 1", "1024 bytes", "ip link set eth0 mtu 4200");
    findings.add(Verdict::unknown, "flow.pfc", "mlx5_0 port 1", "not shown", "mlnx_qos -i eth0");
    findings.add(Verdict::problem, "memlock.limit", "", "64 KiB", "ulimit -l unlimited");
    return findings.take();
}

TEST(DoctorOutput, TextTellsTheWorstFirstWithItsRemedy) {
    const std::string text = to_text(some_findings(), false);
    EXPECT_THAT(text,
                StartsWith("remit doctor: 1 problem, 1 warning, 1 unknown, 1 ok\nproblem  memlock.limit   64 KiB\n"));
    EXPECT_THAT(text,
                HasSubstr("         do:  ulimit -l unlimited\nwarning  port.mtu        mlx5_0 port 1: 1024 bytes\n"));
    EXPECT_LT(text.find("port.mtu"), text.find("flow.pfc"));
    EXPECT_LT(text.find("flow.pfc"), text.find("device.present"));
    EXPECT_THAT(text, Not(HasSubstr("\033")));
    EXPECT_THAT(to_text(some_findings(), true), HasSubstr("\033[1;31mproblem \033[0m"));
}

TEST(DoctorOutput, JsonIsOneLineWithAllOfIt) {
    const std::string line = to_json(some_findings());
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["verdict"], "problem");
    EXPECT_EQ(json["counts"]["ok"], 1);
    EXPECT_EQ(json["counts"]["unknown"], 1);
    EXPECT_EQ(json["findings"].size(), 4u);
    EXPECT_EQ(json["findings"][3]["id"], "memlock.limit");
    EXPECT_EQ(json["findings"][3]["remedy"], "ulimit -l unlimited");
    EXPECT_FALSE(json["findings"][3]["why"].get<std::string>().empty());
}

TEST(DoctorOutput, BytesThatAreNoUtf8DoNotBreakTheJson) {
    Findings findings;
    findings.ok("device.firmware", "mlx5_0", "28\xff.39");
    EXPECT_EQ(nlohmann::json::parse(to_json(findings.take()))["verdict"], "ok");
}

TEST(DoctorOutput, AFindingHasAKnownIdAndARemedy) {
    Findings findings;
    EXPECT_THROW(findings.ok("no.such", "", ""), std::logic_error);
    EXPECT_THROW(findings.add(Verdict::warning, "port.mtu", "", "1024", ""), std::logic_error);
}

/// A row of the page: "| `id` | causes | remedies |".
TEST(DoctorOutput, ThePageHasARowForEachIdAndNoOther) {
    std::ifstream file(REMIT_DOCTOR_PAGE);
    ASSERT_TRUE(file) << REMIT_DOCTOR_PAGE;
    std::vector<std::string> rows;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("| `")) continue;
        const std::size_t end = line.find('`', 3);
        rows.push_back(line.substr(3, end - 3));
        const auto bars = std::count(line.begin(), line.end(), '|');
        EXPECT_EQ(bars, 4) << line;
    }
    std::vector<std::string> ids;
    for (const CatalogueEntry& entry : catalogue()) ids.emplace_back(entry.id);
    EXPECT_THAT(rows, ::testing::UnorderedElementsAreArray(ids));
}

TEST(DoctorWords, SizesAreExactWhereTheyAreWhole) {
    EXPECT_EQ(size_text(65536), "64 KiB");
    EXPECT_EQ(size_text(8388608), "8 MiB");
    EXPECT_EQ(size_text(1000), "1000 B");
    EXPECT_EQ(size_text(std::uint64_t{64} << 30), "64 GiB");
}

TEST(DoctorWords, KernelReleases) {
    EXPECT_EQ(kernel_release_of("6.1.0-18-amd64"), (KernelRelease{6, 1}));
    EXPECT_LT(*kernel_release_of("5.4.0"), (KernelRelease{5, 12}));
    EXPECT_GT(*kernel_release_of("5.14"), (KernelRelease{5, 12}));
    EXPECT_FALSE(kernel_release_of("six").has_value());
    EXPECT_FALSE(kernel_release_of("").has_value());
}

TEST(DoctorPciConfig, CapabilitiesAreFoundAlongTheList) {
    const PciConfig config(pci_config(true, 512, 0x0c));
    ASSERT_TRUE(config.device_control().has_value());
    EXPECT_TRUE(config.device_control()->relaxed_ordering);
    EXPECT_EQ(config.device_control()->most_read, 512u);
    EXPECT_EQ(config.redirects_peers(), true);
    EXPECT_EQ(PciConfig(pci_config(true, 512, 0x01)).redirects_peers(), false);
    EXPECT_EQ(PciConfig(pci_config(true, 512)).redirects_peers(), false);
}

TEST(DoctorPciConfig, BrokenRegistersEndTheSearch) {
    EXPECT_FALSE(PciConfig("").device_control().has_value());
    EXPECT_FALSE(PciConfig(std::string(64, '\0')).redirects_peers().has_value());
    EXPECT_FALSE(PciConfig(std::string(4096, '\xff')).device_control().has_value());
    std::string ring(4096, '\0');
    ring[0x34] = 0x40;
    ring[0x40] = 0x05;
    ring[0x41] = 0x40;  // its own next
    EXPECT_FALSE(PciConfig(ring).device_control().has_value());
    for (std::size_t size = 0; size < 512; ++size) {
        const PciConfig cut(pci_config(true, 512, 0x0c).substr(0, size));
        static_cast<void>(cut.device_control());
        static_cast<void>(cut.redirects_peers());
    }
}

TEST(DoctorMachine, FilesThatAreNotThereAreNothing) {
    RecordedMachine recorded;
    recorded.file("sys/empty", "");
    recorded.file("sys/spaces", "  12 \n13\n");
    EXPECT_FALSE(recorded.machine.line("sys/none").has_value());
    EXPECT_FALSE(recorded.machine.line("sys/empty").has_value());
    EXPECT_FALSE(recorded.machine.text("sys").has_value());
    EXPECT_EQ(recorded.machine.number("/sys/spaces"), 12u);
    EXPECT_TRUE(recorded.machine.names("sys/none").empty());
}

}  // namespace
}  // namespace remit::tools::doctor::test
