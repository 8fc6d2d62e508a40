#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "run_command.hpp"

/// The built command on the machine that runs the tests.
namespace remit::tools::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

bool has_rdma_device() {
    std::error_code error;
    std::filesystem::directory_iterator it("/sys/class/infiniband", error);
    return !error && it != std::filesystem::directory_iterator();
}

TEST(DoctorCommand, OnABareMachineItNamesTheCauseAndExitsWith1) {
    if (has_rdma_device()) GTEST_SKIP() << "this machine has an RDMA device";
    const Outcome outcome = run_command({"doctor"});
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_THAT(outcome.out, StartsWith("remit doctor: "));
    EXPECT_THAT(outcome.out, HasSubstr("device.present"));
    EXPECT_THAT(outcome.out, HasSubstr("rdma_rxe"));
}

TEST(DoctorCommand, JsonIsTheLastLineOfStdoutAndTheTextGoesToStderr) {
    const Outcome outcome = run_command({"doctor", "--json"});
    const nlohmann::json json = outcome.json();
    EXPECT_EQ(outcome.status, json["verdict"] == "problem" ? 1 : 0);
    EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
    EXPECT_THAT(outcome.err, StartsWith("remit doctor: "));
    EXPECT_EQ(json["findings"][0]["id"], "device.present");
}

TEST(DoctorCommand, OptionsOfTransfersAreRefused) {
    EXPECT_EQ(run_command({"doctor", "--tokens", "5"}).status, 2);
    EXPECT_EQ(run_command({"doctor", "--ib-port", "999"}).status, 2);
}

}  // namespace
}  // namespace remit::tools::test
