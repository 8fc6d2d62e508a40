#include "tools/run/receiver.hpp"

#include <remit/embedding_worker.hpp>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <future>
#include <string>

#include "tools/cli/parse.hpp"
#include "tools/run/workload.hpp"

namespace remit::tools::test {
namespace {

class Silent final : public Observer {
public:
    void ready(Side, const std::string&, const std::string&) override {}
    void timeline(const TimelineEvent&) override {}
    void progress(const Progress&) override {}
};

/// The signal reaches both halves of a demo at once: what the sender then never begins must not be waited for.
TEST(Receiver, AskedToStopItDoesNotWaitForWhatTheSenderHasNotBegun) {
    const Stop stop;  // before any thread
    const Workload work = make_workload(
        *parse({"demo", "--fabric", "loopback", "--hidden", "64", "--tokens", "100", "--drain", "120"}).options);
    EmbeddingWorkerOptions options;
    options.fabric = work.fabric("");
    EmbeddingWorker silent_worker(options, work.sender_layout, 1);
    Receiver receiver(work, "");
    Silent observer;
    auto report = std::async(std::launch::async, [&] { return receiver.run(silent_worker.endpoint(), observer, stop); });
    // Whether its INIT has been answered by then or not, it ends in the same way.
    static_cast<void>(report.wait_for(std::chrono::milliseconds(300)));
    kill(getpid(), SIGTERM);
    const HalfReport ended = report.get();
    EXPECT_EQ(ended.status, Status::Failed);
    EXPECT_EQ(ended.reason, "interrupted");
    EXPECT_EQ(ended.requests, 0U);
}

}  // namespace
}  // namespace remit::tools::test
