#pragma once

#include "recorded_machine.hpp"
#include "tools/doctor/checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

/// Adapters of the usual shapes, and what a test expects of the doctor's findings.
namespace remit::tools::doctor::test {

inline constexpr const char* kSwitch = "pci0000:17/0000:17:01.0/0000:18:00.0";

/// An adapter below the switch.
inline NicRecord hardware(const std::string& name = "mlx5_0", const std::string& netdev = "eth0",
                          const std::string& address = "10.0.0.5", const std::string& port = "0000:19:00.0/0000:1b:00.0") {
    NicRecord nic;
    nic.name = name;
    nic.netdev = netdev;
    nic.address = address;
    nic.pci = std::string(kSwitch) + "/" + port;
    return nic;
}

inline NicRecord infiniband() {
    NicRecord nic = hardware();
    nic.layer = verbs::LinkLayer::infiniband;
    nic.rate = "400 Gb/sec (4X NDR)";
    return nic;
}

inline NicRecord software() {
    NicRecord nic;
    nic.name = "rxe0";
    nic.rate = "2.5 Gb/sec (1X SDR)";
    return nic;
}

/// That finding is there, with its words and its remedy.
inline void expect_planted(const std::vector<Finding>& findings, const std::string& id, Verdict verdict,
                           const std::string& found, const std::string& remedy) {
    const Finding finding = find(findings, id);
    ASSERT_EQ(finding.id, id) << "the doctor says nothing of it";
    EXPECT_EQ(finding.verdict, verdict) << finding.found;
    EXPECT_THAT(finding.found, ::testing::HasSubstr(found));
    EXPECT_THAT(finding.remedy, ::testing::HasSubstr(remedy));
    EXPECT_FALSE(finding.why.empty());
}

inline void expect_no_problem(const std::vector<Finding>& findings) {
    EXPECT_THAT(ids_of(findings, Verdict::problem), ::testing::IsEmpty());
    EXPECT_THAT(ids_of(findings, Verdict::warning), ::testing::IsEmpty());
}

}  // namespace remit::tools::doctor::test
