#include "child.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

namespace remit::fabric::test {
namespace {

std::string resources() {
    std::string text;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen("rdma resource show", "r"), &::pclose);
    std::array<char, 512> line{};
    while (pipe && std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) != nullptr) text += line.data();
    return text;
}

/// Without two devices nothing here proves anything, so it fails; and at the end nothing may be left in the kernel.
class Devices : public testing::Environment {
public:
    void SetUp() override {
        for (std::size_t i = 0; i < 2; ++i) {
            ASSERT_TRUE(std::filesystem::exists("/sys/class/infiniband/" + device_name(i)))
                << "no RDMA device " << device_name(i) << ": run this as `scripts/soft_roce.sh PROGRAM`, or name two "
                << "devices that reach each other in REMIT_RDMA_DEVICES";
        }
        before_ = resources();
        ASSERT_NE(before_.find(device_name(0)), std::string::npos) << "`rdma resource show`: " << before_;
    }
    void TearDown() override {
        const auto deadline = std::chrono::steady_clock::now() + scaled(5'000);
        std::string after = resources();
        while (after != before_ && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            after = resources();
        }
        EXPECT_EQ(after, before_);
    }

private:
    std::string before_;
};

[[maybe_unused]] const auto* const kDevices = testing::AddGlobalTestEnvironment(new Devices);

class VerbsConformance : public testing::TestWithParam<Case> {};
class VerbsImpatientConformance : public testing::TestWithParam<Case> {};

TEST_P(VerbsConformance, Holds) {
    run_on_two_devices(GetParam());
}
TEST_P(VerbsImpatientConformance, Holds) {
    run_on_two_devices(GetParam(), impatient(), impatient());
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Patient, VerbsConformance, testing::ValuesIn(conformance_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Impatient, VerbsImpatientConformance, testing::ValuesIn(impatient_cases()), name_of);

const Case& case_of(const std::string& name) {
    for (const Case& test : conformance_cases()) {
        if (name == test.name) return test;
    }
    throw std::out_of_range(name);
}

TEST(VerbsConformanceWith, UnequalMtuTheSmallerIsUsed) {
    VerbsOptions small;
    small.mtu = 1024;
    run_on_two_devices(case_of("WriteWithImmediate"), small, {});
    run_on_two_devices(case_of("WriteWithImmediate"), {}, small);
}

TEST(VerbsConformanceWith, StrictOrderingForkInitAndTrafficClass) {
    VerbsOptions options;
    options.relaxed_ordering = false;
    options.fork_init = true;
    options.traffic_class = 104;
    options.hop_limit = 1;
    run_on_two_devices(case_of("ChainWithLastSignalled"), options, options);
}

std::uint64_t bytes_sent(const std::string& netdev) {
    std::ifstream file("/sys/class/net/" + netdev + "/statistics/tx_bytes");
    std::uint64_t bytes = 0;
    file >> bytes;
    return bytes;
}

/// Not copied inside one device: what is written shows in the counters of the network device between the two.
TEST(VerbsConformanceWith, DataCrossesTheNetworkDevice) {
    const auto netdevs = words_of("REMIT_RDMA_NETDEVS");
    if (netdevs.empty()) GTEST_SKIP() << "REMIT_RDMA_NETDEVS names no network device whose counters could be read";
    const std::uint64_t before = bytes_sent(netdevs[0]);
    run_on_two_devices(case_of("WriteOfEightMiB"));
    EXPECT_GE(bytes_sent(netdevs[0]) - before, 8U << 20U);
}

}  // namespace
}  // namespace remit::fabric::test
