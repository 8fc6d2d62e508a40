// What the machine or the peer lacks is named, with its remedy.

#include "processes.hpp"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace remit::worker::test {
namespace {

void in_process(const std::function<void()>& body) {
    Process process([&](Line&) { body(); });
    process.expect_success();
}

void expect_embedding_refused(const EmbeddingWorkerOptions& options, ErrorKind kind,
                              const std::vector<std::string>& parts) {
    expect_error([&] { EmbeddingWorker worker(options, Transfer::verbs_layout(), 16); }, kind, parts);
}

void expect_language_refused(const LanguageWorkerOptions& options, ErrorKind kind,
                             const std::vector<std::string>& parts) {
    expect_error([&] { LanguageWorker worker(options, Transfer::verbs_layout(), 16); }, kind, parts);
}

TEST(VerbsRefusals, AnUnknownDeviceIsNamedWithThoseThatAreThere) {
    in_process([] {
        auto embedding = verbs_embedding();
        auto language = verbs_language();
        embedding.fabric.device = language.fabric.device = "mlx5_77";
        expect_embedding_refused(embedding, ErrorKind::environment, {"mlx5_77", device_name(0), device_name(1)});
        expect_language_refused(language, ErrorKind::environment, {"mlx5_77", device_name(0), device_name(1)});
    });
}

TEST(VerbsRefusals, AGidIndexAndAPortThatAreNotThereAreNamed) {
    in_process([] {
        auto embedding = verbs_embedding();
        auto language = verbs_language();
        embedding.fabric.gid_index = language.fabric.gid_index = 200;
        expect_embedding_refused(embedding, ErrorKind::environment, {"200", device_name(0)});
        expect_language_refused(language, ErrorKind::environment, {"200", device_name(1)});
        embedding = verbs_embedding();
        embedding.fabric.port = 9;
        expect_embedding_refused(embedding, ErrorKind::bad_argument, {"no port 9"});
        embedding = verbs_embedding();
        embedding.fabric.mtu = 1000;
        expect_embedding_refused(embedding, ErrorKind::bad_argument, {"mtu is 1000"});
    });
}

TEST(VerbsRefusals, MoreCreditsThanTheDeviceHoldsAreNamed) {
    in_process([] {
        auto language = verbs_language();
        language.limits.credits = 1 << 20;
        expect_language_refused(language, ErrorKind::environment,
                                {"limits.credits is 1048576", "lower limits.credits"});
    });
}

/// Root is exempt from the limit unless it gives the capability up.
void limit_memlock() {
    const rlimit limit{65536, 65536};
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    ASSERT_EQ(::syscall(SYS_capget, &header, data.data()), 0);
    data[0].effective &= ~(1U << CAP_IPC_LOCK);
    data[0].permitted &= ~(1U << CAP_IPC_LOCK);
    ASSERT_EQ(::syscall(SYS_capset, &header, data.data()), 0);
}

TEST(VerbsRefusals, AMemlockTooSmallForThePoolIsNamedWithItsRemedy) {
    in_process([] {
        limit_memlock();
        const std::vector<std::string> parts{"RLIMIT_MEMLOCK is 65536 bytes", "ulimit -l unlimited"};
        expect_embedding_refused(verbs_embedding(), ErrorKind::environment, parts);
        expect_language_refused(verbs_language(), ErrorKind::environment, parts);
    });
}

TEST(VerbsRefusals, AnotherLayoutIsRefusedWithFieldAndBothValues) {
    Process sender([](Line& line) {
        EmbeddingWorker worker(verbs_embedding(), Transfer::verbs_layout(), 16);
        line.tell(worker.endpoint());
        const Outgoing outgoing(worker, {2, 500});
        outgoing.expect_success();  // the next one that asks is as it should be
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = sender.line().hear();
    Process stranger([&](Line&) {
        Layout::Shape shape = Transfer::verbs_layout().shape();
        shape.hidden = 512;
        LanguageWorker worker(verbs_language(), Layout::multimodal(shape), 16);
        const Incoming incoming(worker, endpoint, 2, Into::sink);
        incoming.expect_failed("hidden differs: language worker has 512, embedding worker has 256");
        expect_whole(worker);
    });
    stranger.expect_success();
    Process honest([&](Line& line) {
        LanguageWorker worker(verbs_language(), Transfer::verbs_layout(), 16);
        const Incoming incoming(worker, endpoint, 2, Into::sink);
        incoming.expect_success({2, 500});
        EXPECT_EQ(line.hear(), "end");
    });
    EXPECT_EQ(sender.line().hear(), "sent");
    honest.line().tell("end");
    sender.line().tell("end");
    honest.expect_success();
    sender.expect_success();
}

TEST(VerbsRefusals, NobodyAtTheEndpointIsSaidAtTheDeadline) {
    in_process([] {
        LanguageWorker worker(verbs_language(), Transfer::verbs_layout(), 16);
        ReceiveOptions options;
        options.deadline = scaled(200);
        const Incoming incoming(worker, "tcp://127.0.0.1:1", 1, Into::sink, options);
        incoming.expect_failed("REGISTERED from the embedding worker at 127.0.0.1:1");
        expect_whole(worker);
    });
}

}  // namespace
}  // namespace remit::worker::test
