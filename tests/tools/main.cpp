#include <gmock/gmock.h>
#include <signal.h>

#include <ctime>
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

/// A Stop blocks signals for good, and programs that later tests start would inherit that.
class SignalsAsBefore final : public testing::EmptyTestEventListener {
    void OnTestStart(const testing::TestInfo&) override { pthread_sigmask(SIG_SETMASK, nullptr, &before_); }

    void OnTestEnd(const testing::TestInfo&) override {
        sigset_t ending;
        sigemptyset(&ending);
        sigaddset(&ending, SIGINT);
        sigaddset(&ending, SIGTERM);
        const timespec none{};
        while (sigtimedwait(&ending, nullptr, &none) > 0) {  // nobody looked at it, and it was for that test
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    sigset_t before_{};
};

}  // namespace

int main(int argc, char** argv) {
    const std::string role = argc > 1 ? argv[1] : "";
    if (role == test::kChildThatWaits) return wait_for_end_of_input();
    if (role == test::kChildThatReports) return report_and_wait();
    testing::InitGoogleMock(&argc, argv);
    testing::UnitTest::GetInstance()->listeners().Append(new SignalsAsBefore);  // which owns it
    return RUN_ALL_TESTS();
}
