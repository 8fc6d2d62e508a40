// How the halves of the command find each other: what options permit, what is looked up, the server's own command.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include <remit/error.hpp>
#include <remit/keys.hpp>

#include "bootstrap/directory.hpp"
#include "bootstrap/route_server.hpp"
#include "run_command.hpp"
#include "temporary_folder.hpp"
#include "tools/cli/parse.hpp"
#include "tools/run/peers.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

std::string refusal(const Arguments& arguments) {
    try {
        static_cast<void>(parse(arguments));
    } catch (const UsageError& error) {
        return error.what();
    }
    return "(accepted)";
}

class Lookup : public testing::Test {
protected:
    Options found(Arguments more) const {
        Arguments arguments{"language", "--timeout", "1"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return with_peer(*parse(arguments).options, Stop());
    }
    Options embed(Arguments more) const {
        Arguments arguments{"embed", "--bootstrap", server_.url()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return *parse(arguments).options;
    }

    const bootstrap::RouteServer server_{bootstrap::listen_address_of("127.0.0.1:0")};
    const TemporaryFolder folder_;
};

TEST_F(Lookup, FindsWhatAnEmbeddingWorkerPublished) {
    const auto first = publish(embed({}), "tcp://127.0.0.1:7700");
    const auto second = publish(embed({"--engine-rank", "1,2", "--engine-size", "2,3"}), "tcp://[::1]:7701");
    EXPECT_EQ(server_.ranks(), 2U);
    EXPECT_EQ(found({"--bootstrap", server_.url()}).connect, "tcp://127.0.0.1:7700");
    EXPECT_EQ(found({"--bootstrap", server_.url(), "--engine-rank", "1,2,0"}).connect, "tcp://[::1]:7701");
    EXPECT_EQ(publish(*parse({"embed"}).options, "tcp://127.0.0.1:7700"), nullptr);
}

TEST_F(Lookup, HandsOnTheKeyUnlessOneIsGiven) {
    const KeyFiles keys = generate_keys(folder_ / "keys");
    EXPECT_EQ(public_key_of(keys.secret_key_file), keys.public_key);
    const auto publication = publish(embed({"--key", keys.secret_key_file, "--allow-keys", "x"}), "tcp://127.0.0.1:7700");
    EXPECT_EQ(found({"--bootstrap", server_.url(), "--key", "mine"}).found_key, keys.public_key);
    EXPECT_EQ(found({"--bootstrap", server_.url(), "--key", "mine", "--server-key", "theirs"}).found_key, "");
    EXPECT_EQ(found({"--bootstrap", server_.url()}).found_key, "");
}

TEST_F(Lookup, WithoutAKnownKeyItAsksForOne) {
    const auto publication = publish(embed({}), "tcp://127.0.0.1:7700");
    try {
        static_cast<void>(found({"--bootstrap", server_.url(), "--key", "mine"}));
        ADD_FAILURE() << "a worker with keys took a peer without";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("--server-key"), HasSubstr(server_.url())));
    }
}

TEST_F(Lookup, ReadsAFileOfPeers) {
    write_text(folder_ / "peers.toml", "[[peer]]\nendpoint = 'tcp://10.0.0.5:7700'\ntp_rank = 1\n");
    EXPECT_EQ(found({"--peers", folder_ / "peers.toml", "--engine-rank", "1"}).connect, "tcp://10.0.0.5:7700");
    EXPECT_EQ(found({"--connect", "tcp://10.0.0.6:7700"}).connect, "tcp://10.0.0.6:7700");
}

TEST_F(Lookup, WhatIsNotThereExitsWith3AndNamesWhatWasAwaited) {
    write_text(folder_ / "peers.toml", "[[peer]]\nendpoint = 'tcp://10.0.0.5:7700'\n");
    for (const Arguments& where : {Arguments{"--bootstrap", server_.url()}, Arguments{"--peers", folder_ / "peers.toml"}}) {
        Arguments arguments{"language", "--timeout", "1", "--engine-rank", "3"};
        arguments.insert(arguments.end(), where.begin(), where.end());
        const Outcome outcome = run_command(arguments);
        EXPECT_EQ(outcome.status, 3) << outcome.err;
        EXPECT_THAT(outcome.err, AllOf(HasSubstr("rank (tp 3, dp 0, pp 0)"), HasSubstr(where[1])));
    }
}

TEST(Directory, OptionsThatMakeNoSenseAreRefused) {
    EXPECT_THAT(refusal({"language"}), AllOf(HasSubstr("--connect"), HasSubstr("--bootstrap"), HasSubstr("--peers")));
    EXPECT_THAT(refusal({"language", "--connect", "tcp://127.0.0.1:1", "--peers", "x"}), HasSubstr("exclude each other"));
    EXPECT_THAT(refusal({"language", "--bootstrap", "http://127.0.0.1:1", "--peers", "x"}), HasSubstr("exclude each other"));
    EXPECT_THAT(refusal({"language", "--connect", "tcp://127.0.0.1:1", "--engine-rank", "1"}), HasSubstr("--engine-rank"));
    EXPECT_THAT(refusal({"embed", "--engine-rank", "1"}), HasSubstr("--engine-rank"));
    EXPECT_THAT(refusal({"embed", "--bootstrap", "http://127.0.0.1:1", "--engine-rank", "1"}),
                AllOf(HasSubstr("tp 1, dp 0, pp 0"), HasSubstr("--engine-size")));
    EXPECT_EQ(refusal({"embed", "--bootstrap", "http://127.0.0.1:1", "--engine-rank", "1", "--engine-size", "2"}), "(accepted)");
    for (const char* wrong : {"", "x", "1,2,3,4", "-1", "65536", "1,"}) {
        EXPECT_THAT(refusal({"language", "--bootstrap", "http://127.0.0.1:1", std::string("--engine-rank=") + wrong}),
                    HasSubstr("--engine-rank")) << wrong;
    }
    EXPECT_THAT(refusal({"embed", "--bootstrap", "http://127.0.0.1:1", "--engine-size", "0"}), HasSubstr("--engine-size"));
    EXPECT_THAT(refusal({"embed", "--peers", "x"}), HasSubstr("unknown option"));
    EXPECT_THAT(refusal({"demo", "--bootstrap", "x"}), HasSubstr("unknown option"));
    const Outcome scheme = run_command({"language", "--bootstrap", "ftp://127.0.0.1:1"});
    EXPECT_EQ(scheme.status, 2);
    EXPECT_THAT(scheme.err, HasSubstr("etcd://HOST:PORT/PREFIX"));
}

TEST(BootstrapCommand, ServesUntilItIsAskedToEnd) {
    const TemporaryFolder folder;
    const std::string out = folder / "out";
    const std::string line = "timeout 60 sh -c 'exec " REMIT_COMMAND " bootstrap --listen 127.0.0.1:0' >" + out +
                             " & child=$!; until grep -q http " + out +
                             " || ! kill -0 $child; do sleep 0.05; done; kill -TERM $child; wait $child";
    const int status = std::system(line.c_str());
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_THAT(read_text(out), StartsWith("remit bootstrap: http://127.0.0.1:"));
}

TEST(BootstrapCommand, OffLoopbackItWantsInsecure) {
    for (const char* address : {"0.0.0.0:0", "192.0.2.1:8998", "[::]:0"}) {
        const Outcome outcome = run_command({"bootstrap", "--listen", address});
        EXPECT_EQ(outcome.status, 2) << outcome.err;
        EXPECT_THAT(outcome.err, HasSubstr("--insecure"));
    }
    const Outcome taken = run_command({"bootstrap", "--insecure", "--listen", "192.0.2.1:8998"});
    EXPECT_EQ(taken.status, 3) << taken.err;
    EXPECT_THAT(taken.err, HasSubstr("listening on 192.0.2.1:8998"));
    EXPECT_EQ(run_command({"bootstrap", "--listen", "nonsense"}).status, 2);
}

}  // namespace
}  // namespace remit::tools::test
