#include "tools/demo/child_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

#include "child_roles.hpp"
#include "tools/demo/half_process.hpp"

// The child is this test program again, in one of the roles that its main knows.
namespace remit::tools::test {
namespace {

constexpr int kPatienceMs = 20000;

const std::vector<std::string> kWaitForInput{kChildThatWaits};
const std::vector<std::string> kReport{kChildThatReports};

std::string read_all(ChildProcess& child) {
    std::string all;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (std::chrono::steady_clock::now() < deadline) {
        const auto some = child.read_some();
        if (!some) break;
        all += *some;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return all;
}

class Silent final : public Observer {
public:
    void ready(Side, const std::string& endpoint, const std::string&) override { endpoint_ = endpoint; }
    void timeline(const TimelineEvent&) override {}
    void progress(const Progress&) override {}
    std::string endpoint_;
};

template <typename Condition>
void read_until(HalfProcess& half, Observer& observer, const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
        half.read(observer);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

TEST(ChildProcess, ItsOutputIsReadToTheEnd) {
    ChildProcess child({"--gtest_list_tests", "--gtest_filter=ChildProcess.*"});
    EXPECT_NE(read_all(child).find("ItsOutputIsReadToTheEnd"), std::string::npos);
    ASSERT_TRUE(child.wait(kPatienceMs));
    EXPECT_EQ(child.fault(), "");
}

TEST(ChildProcess, ItEndsWhenItsInputDoes) {
    ChildProcess child(kWaitForInput);
    EXPECT_FALSE(child.wait(50));
    child.close_input();
    EXPECT_TRUE(child.wait(kPatienceMs));
    EXPECT_EQ(child.fault(), "");
}

TEST(ChildProcess, ADeathIsNamed) {
    ChildProcess child(kWaitForInput);
    child.signal(SIGKILL);
    ASSERT_TRUE(child.wait(kPatienceMs));
    EXPECT_NE(child.fault().find("killed by signal 9"), std::string::npos);
    EXPECT_TRUE(child.killed_by_signal());
}

TEST(ChildProcess, OneLeftRunningDiesWithItsObject) {
    const auto begin = std::chrono::steady_clock::now();
    { const ChildProcess child(kWaitForInput); }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(HalfProcess, ItsWordsAreTakenAndItGoesWhenTold) {
    HalfProcess half(Side::embedding, kReport);
    Silent observer;
    read_until(half, observer, [&] { return half.settled(); });
    EXPECT_EQ(half.endpoint(), "tcp://127.0.0.1:5");
    EXPECT_EQ(observer.endpoint_, "tcp://127.0.0.1:5");
    EXPECT_TRUE(half.succeeded());
    EXPECT_FALSE(half.ended());
    half.finish(std::chrono::milliseconds(kPatienceMs));
    EXPECT_EQ(half.unexplained_end(), "");
}

TEST(HalfProcess, ADeathWithoutAWordSettlesIt) {
    HalfProcess half(Side::language, kWaitForInput);
    half.signal(SIGKILL);
    Silent observer;
    read_until(half, observer, [&] { return half.settled(); });
    EXPECT_TRUE(half.settled());
    EXPECT_FALSE(half.succeeded());
    half.finish(std::chrono::milliseconds(kPatienceMs));
    EXPECT_NE(half.unexplained_end().find("killed by signal 9"), std::string::npos);
}

TEST(HalfProcess, ADeathAfterItsReportIsNoSuccess) {
    HalfProcess half(Side::embedding, kReport);
    Silent observer;
    read_until(half, observer, [&] { return half.settled(); });
    half.signal(SIGKILL);
    half.finish(std::chrono::milliseconds(kPatienceMs));
    EXPECT_NE(half.unexplained_end().find("killed by signal 9"), std::string::npos);
}

}  // namespace
}  // namespace remit::tools::test
