// The kernel grants too few objects: each kind of refusal in turn is named, nothing is left behind, and with one more
// step allowed the worker gets further.

#include "guest.hpp"
#include "scene.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace remit::worker::test {
namespace {

/// A control group of its own in which a device gives out no more than that many objects.
class ObjectLimit {
public:
    ObjectLimit(const std::string& device, int objects) : folder_("/sys/fs/cgroup/remit-limit") {
        std::filesystem::create_directory(folder_);
        std::ofstream(folder_ + "/rdma.max") << device << " hca_object=" << objects << std::flush;
        std::ofstream(folder_ + "/cgroup.procs") << ::getpid() << std::flush;
        std::ifstream limits(folder_ + "/rdma.max");
        const std::string text((std::istreambuf_iterator<char>(limits)), {});
        EXPECT_NE(text.find("hca_object=" + std::to_string(objects)), std::string::npos) << text;
    }
    ~ObjectLimit() {
        std::ofstream("/sys/fs/cgroup/cgroup.procs") << ::getpid() << std::flush;
        std::error_code error;
        std::filesystem::remove(folder_, error);
    }
    ObjectLimit(const ObjectLimit&) = delete;
    ObjectLimit& operator=(const ObjectLimit&) = delete;

private:
    std::string folder_;
};

class VerbsLimits : public testing::Test {
protected:
    void SetUp() override {
        if (!owns_the_machine()) GTEST_SKIP() << "wants a guest: it makes control groups";
        ASSERT_TRUE(std::filesystem::exists("/sys/fs/cgroup/cgroup.procs"));
    }
};

/// What a worker says where it gets no more than that many objects; "" where it opens.
std::string refusal(int objects) {
    const ObjectLimit limit(device_name(1), objects);
    try {
        LanguageWorker worker(Scene::quick_language(), narrow_layout(), 2);
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::environment) << error.what();
        return error.what();
    }
}

TEST_F(VerbsLimits, EveryObjectThatIsRefusedToAWorkerIsNamed) {
    Process process([](Line&) {
        std::vector<std::string> reasons;
        for (int objects = 0; objects < 16; ++objects) {
            const std::string reason = refusal(objects);
            if (reason.empty()) break;
            if (reasons.empty() || reasons.back() != reason) reasons.push_back(reason);
        }
        ASSERT_GE(reasons.size(), 3U) << "domain, region, queues: each may be refused";
        for (const std::string& reason : reasons) EXPECT_NE(reason.find(device_name(1)), std::string::npos) << reason;
        EXPECT_EQ(refusal(64), "");
    });
    process.expect_success();
}

/// The worker opened, and then there is no object left for a queue pair: its rooms fail, and work once there is.
TEST_F(VerbsLimits, AQueuePairThatIsRefusedFailsTheRoomAndTheNextOneWorks) {
    Process sender([](Line& line) {
        EmbeddingWorker worker(Scene::quick_embedding(), narrow_layout(), 256);
        line.tell(worker.endpoint());
        EXPECT_EQ(line.hear(), "next");
        const Outgoing next(worker, {2, 3000});
        next.expect_success();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = sender.line().hear();
    Process receiver([&](Line& line) {
        std::unique_ptr<LanguageWorker> worker;
        int objects = 0;
        {
            // The fewest with which it opens: none is left for more.
            while (!refusal(objects).empty()) ASSERT_LT(++objects, 64);
            const ObjectLimit limit(device_name(1), objects);
            worker = std::make_unique<LanguageWorker>(Scene::quick_language(), narrow_layout(), 2);
            const Incoming room(*worker, endpoint, 1, Into::sink);
            room.expect_failed("queue pair");
        }
        line.tell("failed");
        EXPECT_EQ(line.hear(), "next");
        const Incoming next(*worker, endpoint, 2, Into::sink);
        next.expect_success({2, 3000});
        line.tell("received");
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(receiver.line().hear(60'000), "failed");
    receiver.line().tell("next");
    sender.line().tell("next");
    EXPECT_EQ(receiver.line().hear(60'000), "received");
    EXPECT_EQ(sender.line().hear(60'000), "sent");
    receiver.line().tell("end");
    sender.line().tell("end");
    receiver.expect_success();
    sender.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
