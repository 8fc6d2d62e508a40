// Without two devices nothing here proves anything, so it fails; and at the end nothing may be left in the kernel.

#include "processes.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace remit::worker::test {
namespace {

class Devices : public testing::Environment {
public:
    void SetUp() override {
        for (std::size_t i = 0; i < 2; ++i) {
            ASSERT_TRUE(std::filesystem::exists("/sys/class/infiniband/" + device_name(i)))
                << "no RDMA device " << device_name(i) << ": run this as `scripts/soft_roce.sh PROGRAM`, or name two "
                << "devices that reach each other in REMIT_RDMA_DEVICES";
        }
        before_ = rdma_resources();
        ASSERT_NE(before_.find(device_name(0)), std::string::npos) << "`rdma resource show`: " << before_;
    }
    void TearDown() override {
        std::string after;
        EXPECT_TRUE(comes_true([&] { return (after = rdma_resources()) == before_; }, 5'000)) << before_ << after;
    }

private:
    std::string before_;
};

[[maybe_unused]] const auto* const kDevices = testing::AddGlobalTestEnvironment(new Devices);

}  // namespace
}  // namespace remit::worker::test
