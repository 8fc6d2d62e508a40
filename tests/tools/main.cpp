#include <gmock/gmock.h>

#include <iostream>
#include <string>

#include "child_roles.hpp"
#include "tools/report/event_lines.hpp"

namespace {

using namespace remit::tools;

int wait_for_end_of_input() {
    std::string line;
    while (std::getline(std::cin, line)) {
    }
    return 0;
}

int report_and_wait() {
    EventWriter writer;
    writer.ready(Side::embedding, "tcp://127.0.0.1:5", "dev");
    HalfReport report;
    report.side = Side::embedding;
    writer.write(report);
    return wait_for_end_of_input();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string role = argc > 1 ? argv[1] : "";
    if (role == test::kChildThatWaits) return wait_for_end_of_input();
    if (role == test::kChildThatReports) return report_and_wait();
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
