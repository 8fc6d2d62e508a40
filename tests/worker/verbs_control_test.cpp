// The control channel misbehaves while data flows, and the clock of the wall jumps.

#include "guest.hpp"
#include "scene.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <optional>
#include <thread>

namespace remit::worker::test {
namespace {

/// These tests cut the loopback interface or set the clock, which on a host belong to everyone.
class VerbsControl : public testing::Test {
protected:
    void SetUp() override {
        if (!owns_the_machine()) GTEST_SKIP() << "wants a guest: it disturbs the loopback interface and the clock";
    }
};

TEST_F(VerbsControl, CutForLongerThanTheSilenceFailsTheRoomOnBothSides) {
    std::optional<ControlCut> cut;
    Scene scene;
    scene.outside = [&] { cut.emplace(); };
    scene.mend_outside = [&] { cut.reset(); };
    scene.expect_failure({"silent for", "no progress", "lost"}, {"silent for", "lost"});
}

TEST_F(VerbsControl, CutForLessThanTheSilenceIsNotNoticed) {
    Scene scene;
    scene.embedding.timing.peer_silence = scaled(10'000);
    scene.language.timing.peer_silence = scaled(10'000);
    scene.outside = [] {
        const ControlCut cut;
        std::this_thread::sleep_for(scaled(100));
    };
    scene.expect_survival();
}

TEST_F(VerbsControl, TheWallClockMayJump) {
    const auto jump = [](long seconds) {
        timespec now{};
        ASSERT_EQ(clock_gettime(CLOCK_REALTIME, &now), 0);
        now.tv_sec += seconds;
        ASSERT_EQ(clock_settime(CLOCK_REALTIME, &now), 0);
    };
    Scene scene;
    scene.outside = [&] {
        jump(86'400);
        std::this_thread::sleep_for(scaled(20));
        jump(-2 * 86'400);
    };
    scene.mend_outside = [&] { jump(86'400); };
    scene.expect_survival();
}

}  // namespace
}  // namespace remit::worker::test
