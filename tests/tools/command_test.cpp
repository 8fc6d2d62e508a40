#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "run_command.hpp"
#include "tools/demo/devices.hpp"
#include "tools/npy/request_folder.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

Outcome loopback_demo(const Arguments& more) {
    Arguments arguments{"demo", "--fabric", "loopback", "--json", "--hidden", "64"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command(arguments);
}

void expect_verified(const Outcome& outcome, std::uint64_t tokens) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const nlohmann::json json = outcome.json();
    EXPECT_EQ(json["status"], "Success") << json;
    EXPECT_EQ(json["verified"], true) << json;
    EXPECT_EQ(json["tokens"], tokens) << json;
    EXPECT_EQ(json["resumes"].get<std::uint64_t>() + json["requests"].get<std::uint64_t>(),
              json["rounds"].get<std::uint64_t>())
        << json;
}

TEST(Command, BadUsageExitsWith2AndNamesOptionValueAndRange) {
    const Outcome outcome = run_command({"demo", "--block-size", "0"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err, "remit demo: option --block-size: value \"0\"; permitted: 1 to 65536\n");
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(run_command({"demo", "--hidden", "0"}).status, 2);
    EXPECT_EQ(run_command({"demo", "--tokens", "-3"}).status, 2);
    EXPECT_EQ(run_command({"demo", "--dtype", "int4"}).status, 2);
    EXPECT_EQ(run_command({"demo", "--layout", "heap"}).status, 2);
    EXPECT_EQ(run_command({"demo", "--no-such-option"}).status, 2);
    EXPECT_EQ(run_command({"no-such-command"}).status, 2);
    EXPECT_EQ(run_command({}).status, 2);
}

TEST(Command, WithJsonAFailureIsAnObjectToo) {
    const Outcome outcome = run_command({"demo", "--json", "--tokens", "0"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.json()["status"], "Failed");
    EXPECT_THAT(outcome.json()["reason"].get<std::string>(), HasSubstr("--tokens"));
}

TEST(Command, HelpExitsWith0) {
    const Outcome outcome = run_command({"--help"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("demo"), HasSubstr("embed"), HasSubstr("language")));
    EXPECT_EQ(run_command({"demo", "--help"}).status, 0);
    EXPECT_THAT(run_command({"--version"}).out, StartsWith("remit "));
}

TEST(Command, ChecksumsMemoryPoliciesAndDeadRanksAreOptions) {
    expect_verified(loopback_demo({"--tokens", "3000", "--checksum"}), 3000);
    expect_verified(loopback_demo({"--tokens", "3000", "--checksum", "--keep-blocks", "--memory-policy", "wait"}), 3000);
    expect_verified(loopback_demo({"--tokens", "10000", "--pool-blocks", "8", "--memory-policy", "fail"}), 10000);
    const Outcome ranks = loopback_demo({"--tokens", "3000", "--ranks", "3", "--allocate", "300,1024,4000", "--checksum",
                                         "--on-dead-rank", "continue"});
    EXPECT_EQ(ranks.status, 0) << ranks.err;
    EXPECT_EQ(ranks.json()["verified"], true);
    EXPECT_EQ(run_command({"demo", "--memory-policy", "hope"}).status, 2);
    EXPECT_EQ(run_command({"demo", "--on-dead-rank", "weep"}).status, 2);
    EXPECT_EQ(run_command({"embed", "--checksum"}).status, 2);
}

/// Runs the command, signals it after a second each time that `signals` says, and reports its end.
Outcome signalled_demo(const std::string& more, const std::string& signals) {
    const TemporaryFolder folder;
    const std::string line = "timeout 120 sh -c 'exec " REMIT_COMMAND
                             " demo --fabric loopback --json --hidden 64 --requests 1000000 " +
                             more + "' >" + (folder / "out").string() + " 2>" + (folder / "err").string() +
                             " </dev/null & child=$!; for signal in " + signals +
                             "; do sleep 1; kill -$signal $child; done; wait $child";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(folder / "out"), read_text(folder / "err")};
}

TEST(Command, SigtermLetsWhatIsUnderWayEndAndBeginsNothingNew) {
    const Outcome outcome = signalled_demo("--tokens 500 --drain 60", "TERM");
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    const nlohmann::json json = outcome.json();
    EXPECT_EQ(json["status"], "Failed");
    EXPECT_EQ(json["reason"], "interrupted");
    EXPECT_GT(json["requests"].get<std::uint64_t>(), 0u);
    EXPECT_LT(json["requests"].get<std::uint64_t>(), 1000000u);
    EXPECT_EQ(json["tokens"].get<std::uint64_t>(), 500 * json["requests"].get<std::uint64_t>()) << "whole requests alone";
}

TEST(Command, AFullStandardOutputIsAFailure) {
    for (const char* arguments : {"--help", "demo --fabric loopback --hidden 64", "demo --fabric loopback --json"}) {
        const std::string command = std::string("timeout -k 5 120 " REMIT_COMMAND " ") + arguments;
        const std::string line = command + " >/dev/full 2>/dev/null";
        const int status = std::system(line.c_str());
        EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 1) << arguments;
    }
}

TEST(Command, AFullStandardErrorCostsTheLogAndNoTransfer) {
    const std::string line = "timeout -k 5 120 " REMIT_COMMAND
                             " demo --fabric loopback --hidden 64 --log-level debug >/dev/null 2>/dev/full";
    const int status = std::system(line.c_str());
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

TEST(Command, WithoutAnRdmaDeviceItExitsWith3AndNamesTheRemedy) {
    if (!active_devices().empty()) GTEST_SKIP() << "this machine has an RDMA device";
    const Outcome outcome = run_command({"demo", "--json"});
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("rdma_rxe"));
    EXPECT_EQ(outcome.json()["status"], "Failed");
}

TEST(Command, WithoutAGpuItExitsWith3AndNamesTheRemedy) {
    if (std::filesystem::exists("/dev/nvidiactl")) GTEST_SKIP() << "this machine has an NVIDIA driver";
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"demo", "--json", "--memory", "cuda"},
          {"demo", "--json", "--fabric", "loopback", "--memory", "cuda:1", "--gpu-direct", "staged"},
          {"demo", "--json", "--fabric", "loopback", "--memory", "pinned"},
          {"embed", "--json", "--memory", "cuda"},
          {"language", "--json", "--connect", "tcp://127.0.0.1:7700", "--memory", "cuda"}}) {
        const Outcome outcome = run_command(arguments);
        EXPECT_EQ(outcome.status, 3) << outcome.err;
        // A build without GPU support names the build, one with it the driver.
        EXPECT_THAT(outcome.err, AnyOf(HasSubstr("driver"), HasSubstr("REMIT_CUDA=ON"))) << arguments.front();
        EXPECT_EQ(outcome.json()["status"], "Failed");
    }
}

TEST(Command, AnAddressOffLoopbackWantsInsecure) {
    const Outcome outcome = run_command({"embed", "--listen", "tcp://192.0.2.1:7700"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("--insecure"));
}

TEST(Demo, TheGuessWasLargeEnough) {
    const Outcome outcome = loopback_demo({"--tokens", "500"});
    expect_verified(outcome, 500);
    EXPECT_EQ(outcome.json()["rounds"], 1);
}

TEST(Demo, OneResume) {
    const Outcome outcome = loopback_demo({});
    expect_verified(outcome, 2000);
    EXPECT_EQ(outcome.json()["rounds"], 2);
    EXPECT_EQ(outcome.json()["fabric"], "loopback");
    EXPECT_EQ(outcome.json()["memory"], "host");
    EXPECT_EQ(outcome.json()["gpu_direct"], "none");
    EXPECT_EQ(outcome.json()["gather"], "cpu");
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("T0"), HasSubstr("T4"), HasSubstr("T8"),
                                   HasSubstr("2000 of 2000 tokens verified, 2 rounds (1 resume)")));
}

TEST(Demo, ManyResumesThroughASmallPool) {
    const Outcome outcome = loopback_demo({"--tokens", "10000", "--pool-blocks", "8", "--sink"});
    expect_verified(outcome, 10000);
    EXPECT_EQ(outcome.json()["rounds"], 10);
}

TEST(Demo, TheEdgesOfTheCounts) {
    for (const char* tokens : {"1", "128", "1024", "1025", "1151", "1152"}) {
        SCOPED_TRACE(tokens);
        expect_verified(loopback_demo({"--tokens", tokens}), std::stoull(tokens));
    }
}

TEST(Demo, SizeFirst) {
    expect_verified(loopback_demo({"--allocate", "0"}), 2000);
    expect_verified(loopback_demo({"--allocate", "auto"}), 2000);
}

TEST(Demo, DifferentBlockSizes) {
    expect_verified(
        loopback_demo({"--sender-block-size", "80", "--block-size", "112", "--allocate", "640", "--tokens", "5001"}),
        5001);
}

TEST(Demo, EveryShape) {
    expect_verified(loopback_demo({"--deepstack", "3"}), 2000);
    expect_verified(loopback_demo({"--layout", "slab"}), 2000);
    expect_verified(loopback_demo({"--source", "contiguous"}), 2000);
    expect_verified(loopback_demo({"--keep-blocks"}), 2000);
    expect_verified(loopback_demo({"--keep-blocks", "--layout", "slab", "--deepstack", "1"}), 2000);
    for (const char* dtype : {"fp16", "fp32", "fp8"}) expect_verified(loopback_demo({"--dtype", dtype}), 2000);
}

TEST(Demo, LargerThanThePoolWithASink) {
    expect_verified(loopback_demo({"--pool-blocks", "4", "--sink", "--tokens", "6000"}), 6000);
}

TEST(Demo, LargerThanThePoolWithKeptBlocksIsRefused) {
    const Outcome outcome = loopback_demo({"--pool-blocks", "4", "--keep-blocks", "--tokens", "6000"});
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_EQ(outcome.json()["verified"], false);
    EXPECT_NE(outcome.json()["reason"], "");
}

TEST(Demo, ManyRequestsShareASmallPool) {
    const Outcome outcome = loopback_demo({"--requests", "40", "--pool-blocks", "12", "--sink"});
    expect_verified(outcome, 80000);
    EXPECT_EQ(outcome.json()["requests"], 40);
}

TEST(Demo, SeveralRanksEachGetAndVerifyEveryByte) {
    const Outcome outcome = loopback_demo({"--tokens", "3000", "--ranks", "3", "--allocate", "300,1024,4000"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const nlohmann::json json = outcome.json();
    EXPECT_EQ(json["verified"], true) << json;
    EXPECT_EQ(json["tokens"], 3000) << json;
    EXPECT_EQ(json["requests"], 1) << json;
    ASSERT_EQ(json["ranks"].size(), 3U) << json;
    std::uint64_t rounds = 0;
    std::uint64_t resumes = 0;
    for (const nlohmann::json& rank : json["ranks"]) {
        EXPECT_EQ(rank["status"], "Success") << json;
        EXPECT_EQ(rank["verified"], true) << json;
        EXPECT_EQ(rank["tokens"], 3000) << json;
        rounds += rank["rounds"].get<std::uint64_t>();
        resumes += rank["resumes"].get<std::uint64_t>();
    }
    EXPECT_EQ(json["ranks"][0]["rounds"], 2) << json;
    EXPECT_EQ(json["ranks"][1]["rounds"], 2) << json;
    EXPECT_EQ(json["ranks"][2]["rounds"], 1) << json;
    EXPECT_EQ(json["rounds"], rounds) << json;
    EXPECT_EQ(json["resumes"], resumes) << json;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("language 0"), HasSubstr("language 1"), HasSubstr("language 2"),
                                   HasSubstr("3000 of 3000 tokens verified by each of 3 ranks")));
    EXPECT_THAT(outcome.err, Not(HasSubstr("language 3")));
}

TEST(Demo, SeveralRanksShareManyRequests) {
    const Outcome outcome = loopback_demo({"--ranks", "2", "--requests", "20", "--pool-blocks", "12", "--sink"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.json()["requests"], 20) << outcome.json();
    EXPECT_EQ(outcome.json()["ranks"][1]["tokens"], 40000) << outcome.json();
}

TEST(Demo, OneRankIsReportedAsItAlwaysWas) {
    const Outcome outcome = loopback_demo({"--ranks", "1"});
    expect_verified(outcome, 2000);
    EXPECT_FALSE(outcome.json().contains("ranks"));
    EXPECT_THAT(outcome.err, Not(HasSubstr("language 0")));
}

TEST(Demo, ARankThatCannotHoldTheRequestIsNamed) {
    const Outcome outcome = loopback_demo({"--ranks", "2", "--pool-blocks", "4", "--keep-blocks", "--tokens", "6000"});
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_EQ(outcome.json()["verified"], false);
    EXPECT_THAT(outcome.json()["reason"].get<std::string>(), StartsWith("language "));
}

TEST(Demo, FilesArriveBitForBit) {
    const TemporaryFolder folder;
    RequestFolder request;
    request.tokens = 1500;
    request.hidden = 6;
    request.dtype = DType::fp16;
    request.embeddings.assign(1500 * 6 * 2, std::byte{0x5a});
    request.fill_ids.assign(1500 * 4, std::byte{1});
    request.mrope_positions.assign(1500 * 12, std::byte{2});
    for (std::size_t i = 0; i < request.embeddings.size(); i += 3) request.embeddings[i] = static_cast<std::byte>(i);
    write_request(folder / "in", request);
    const Outcome outcome = run_command({"demo", "--fabric", "loopback", "--json", "--input", (folder / "in").string(),
                                         "--output", (folder / "out").string()});
    expect_verified(outcome, 1500);
    EXPECT_THAT(outcome.err, HasSubstr("bit for bit"));
    EXPECT_EQ(first_difference(request, read_request(folder / "out")), std::nullopt);
}

TEST(Demo, GeneratedPayloadsCanBeWrittenAndSentAgain) {
    const TemporaryFolder folder;
    expect_verified(loopback_demo({"--tokens", "300", "--deepstack", "1", "--output", (folder / "one").string()}), 300);
    expect_verified(run_command({"demo", "--fabric", "loopback", "--json", "--input", (folder / "one").string(),
                                 "--output", (folder / "two").string()}),
                    300);
    EXPECT_EQ(first_difference(read_request(folder / "one"), read_request(folder / "two")), std::nullopt);
}

}  // namespace
}  // namespace remit::tools::test
