// The device or its driver refuses, loses or forgets: the room says so, and others go on where the device still can.

#include "guest.hpp"
#include "meddling.hpp"
#include "scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace remit::worker::test {
namespace {

TEST(VerbsDeviceFaults, ARefusedPostFailsTheGenerationAndTheNextOneWorks) {
    Scene scene;
    scene.at_embedding = [] { meddling::post_send_error = EINVAL; };
    scene.mend_embedding = [] { meddling::post_send_error = 0; };
    scene.expect_failure({"Invalid argument"}, {"Invalid argument"});
}

TEST(VerbsDeviceFaults, AShortageOfMemoryWhilePostingIsBackPressure) {
    Scene scene;
    scene.at_embedding = [] {
        meddling::post_send_error = ENOMEM;
        EXPECT_TRUE(comes_true([] { return meddling::posts_refused.load() >= 3; }));
        meddling::post_send_error = 0;
    };
    scene.expect_survival();
}

TEST(VerbsDeviceFaults, ABrokenCompletionQueueOfTheSenderFailsTheGenerationAndTheNextOneWorks) {
    Scene scene;
    scene.at_embedding = [] { meddling::poll_fails = true; };
    scene.mend_embedding = [] { meddling::poll_fails = false; };
    scene.expect_failure({"completion queue"}, {"completion queue"});
}

/// It is the only one of its worker: nothing can arrive there any more, and that is said at once.
TEST(VerbsDeviceFaults, ABrokenCompletionQueueOfTheReceiverEndsItsRoomsAndItsPeerGoesOn) {
    Scene scene;
    scene.at_language = [] { meddling::poll_fails = true; };
    scene.new_receiver = true;
    scene.expect_failure({"completion queue", "transport retry counter exceeded", "remote", "closed"},
                         {"completion queue"});
}

TEST(VerbsDeviceFaults, AFatalErrorOfTheSendersDeviceIsTold) {
    // No soft device ever says so: a port that goes down is told as the device's end.
    Scene scene;
    scene.embedding.fabric.timeout = 17;
    scene.at_embedding = [] {
        meddling::completions_held = true;  // a port that goes down also fails its writes, sooner or later
        meddling::event_told_as = IBV_EVENT_DEVICE_FATAL;
        run_command("ip link set " + netdevs()[0] + " down");
    };
    scene.mend_outside = [] { const LinkDown down; };
    scene.mend_embedding = [] { meddling::completions_held = false; };
    scene.expect_failure({"local catastrophic error"}, {"local catastrophic error"});
}

TEST(VerbsDeviceFaults, ATargetThatIsDeregisteredMidwayIsARemoteAccessError) {
    Scene scene;
    scene.at_language = [] { EXPECT_TRUE(meddling::deregister_target()); };
    scene.new_receiver = true;
    scene.expect_failure({"remote access error", "remote operation error"},
                         {"remote access error", "remote operation error", "lost", "Flushed", "local"});
}

TEST(VerbsDeviceFaults, AReceiveQueueThatRunsDryIsReceiverNotReady) {
    Scene scene;
    scene.language.limits.credits = 4;
    scene.embedding.fabric.rnr_retry = 1;
    scene.at_language = [] { meddling::receives_vanish = true; };
    scene.new_receiver = true;
    scene.expect_failure({"RNR retry counter exceeded"}, {"RNR retry counter exceeded"});
}

}  // namespace
}  // namespace remit::worker::test
