#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <remit/language_worker.hpp>

#include "tools/cli/option_table.hpp"
#include "tools/cli/parse.hpp"
#include "tools/cli/wording.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Arguments = std::vector<std::string>;

Options parsed(Arguments arguments) {
    const Parsed result = parse(arguments);
    if (!result.options) throw std::logic_error("help instead of options");
    return *result.options;
}

std::string refusal(const Arguments& arguments) {
    try {
        static_cast<void>(parse(arguments));
    } catch (const UsageError& error) {
        return error.what();
    }
    return "(accepted)";
}

struct BadValue {
    std::string option;
    std::string value;
    std::string permitted;
};

/// So that a failing case names itself.
void PrintTo(const BadValue& bad, std::ostream* stream) {
    *stream << bad.option << "=" << bad.value.substr(0, 40);
}

class BadValues : public ::testing::TestWithParam<BadValue> {};

TEST_P(BadValues, AreRefusedWithOptionValueAndRange) {
    const BadValue& bad = GetParam();
    for (const Arguments& arguments :
         {Arguments{"demo", bad.option, bad.value}, Arguments{"demo", bad.option + "=" + bad.value}}) {
        if (bad.value.empty() && arguments.size() == 2) continue;
        EXPECT_THAT(refusal(arguments), AllOf(HasSubstr(bad.option), HasSubstr("\"" + bad.value + "\""),
                                              HasSubstr("permitted: " + bad.permitted)));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Options, BadValues,
    ::testing::Values(
        BadValue{"--tokens", "0", "1 to 2147483647"}, BadValue{"--tokens", "-5", "1 to 2147483647"},
        BadValue{"--tokens", "many", "1 to 2147483647"}, BadValue{"--tokens", "2147483648", "1 to 2147483647"},
        BadValue{"--tokens", "99999999999999999999", "1 to 2147483647"}, BadValue{"--tokens", "1e3", "1 to 2147483647"},
        BadValue{"--tokens", "1.5", "1 to 2147483647"}, BadValue{"--tokens", "0x10", "1 to 2147483647"},
        BadValue{"--tokens", " 5", "1 to 2147483647"}, BadValue{"--tokens", "5 ", "1 to 2147483647"},
        BadValue{"--tokens", "+5", "1 to 2147483647"}, BadValue{"--tokens", "", "1 to 2147483647"},
        BadValue{"--allocate", "-1", "0 to 2147483647"}, BadValue{"--allocate", "x", "0 to 2147483647"},
        BadValue{"--allocate", "1,", "0 to 2147483647"}, BadValue{"--allocate", "1,x", "0 to 2147483647"},
        BadValue{"--ranks", "0", "1 to 16"}, BadValue{"--ranks", "17", "1 to 16"},
        BadValue{"--block-size", "0", "1 to 65536"}, BadValue{"--block-size", "65537", "1 to 65536"},
        BadValue{"--sender-block-size", "0", "1 to 65536"}, BadValue{"--sender-block-size", "-128", "1 to 65536"},
        BadValue{"--hidden", "0", "1 to 1048576"}, BadValue{"--hidden", "-4096", "1 to 1048576"},
        BadValue{"--hidden", "1048577", "1 to 1048576"}, BadValue{"--dtype", "int8", "bf16, fp16, fp32, fp8"},
        BadValue{"--dtype", "int32", "bf16, fp16, fp32, fp8"}, BadValue{"--dtype", "BF16", "bf16, fp16, fp32, fp8"},
        BadValue{"--deepstack", "65", "0 to 64"}, BadValue{"--deepstack", "-1", "0 to 64"},
        BadValue{"--pool-blocks", "0", "1 to 16777216"}, BadValue{"--pool-blocks", "16777217", "1 to 16777216"},
        BadValue{"--sender-pool-blocks", "0", "1 to 16777216"}, BadValue{"--requests", "0", "1 to 1000000"},
        BadValue{"--requests", "-1", "1 to 1000000"}, BadValue{"--concurrency", "0", "1 to 4096"},
        BadValue{"--layout", "blocks", "segments, slab"}, BadValue{"--source", "slab", "blocks, contiguous"},
        BadValue{"--fabric", "tcp", "verbs, loopback"}, BadValue{"--device", "a,b,c", "names of RDMA devices, 8 at most; in demo an even number"},
        BadValue{"--device", "a,", "names of RDMA devices"}, BadValue{"--device", "../../etc", "names of RDMA devices"},
        BadValue{"--gid-index", "256", "-1 to 255"}, BadValue{"--gid-index", "-2", "-1 to 255"},
        BadValue{"--ib-port", "256", "0 to 255"}, BadValue{"--seed", "-1", "0 to 18446744073709551615"},
        BadValue{"--seed", "18446744073709551616", "0 to 18446744073709551615"},
        BadValue{"--memory", "gpu", "host, pinned"}, BadValue{"--memory", "cuda:", "host, pinned"},
        BadValue{"--memory", "cuda:x", "host, pinned"}, BadValue{"--memory", "cuda:1024", "host, pinned"},
        BadValue{"--memory", "host:0", "host, pinned"}, BadValue{"--memory", "cuda0", "host, pinned"},
        BadValue{"--gpu-direct", "rdma", "auto, dmabuf, peermem, staged"}, BadValue{"--sm-budget", "-1", "0 to 65536"},
        BadValue{"--sm-budget", "65537", "0 to 65536"}, BadValue{"--timeout", "0", "1 to 86400"}, BadValue{"--log-level", "loud", "trace, debug"},
        BadValue{"--metrics", "9464", "a numeric address"}, BadValue{"--metrics", "localhost:9464", "a numeric address"},
        BadValue{"--input", "", "a folder"}));

TEST(Options, MemoryOfEachKind) {
    EXPECT_EQ(parsed({"demo"}).memory().kind, MemoryKind::host);
    EXPECT_EQ(parsed({"demo", "--memory", "pinned"}).memory().kind, MemoryKind::pinned);
    const Options cuda = parsed({"embed", "--memory", "cuda:3", "--gpu-direct", "staged", "--sm-budget", "16"});
    EXPECT_EQ(cuda.memory().kind, MemoryKind::cuda);
    EXPECT_EQ(cuda.memory().device, 3);
    EXPECT_EQ(cuda.memory().gpu_direct, GpuDirect::staged);
    EXPECT_EQ(cuda.memory().sm_budget, 16U);
    EXPECT_EQ(parsed({"demo", "--memory=cuda", "--gpu-direct=peermem"}).memory().gpu_direct, GpuDirect::peermem);
    EXPECT_EQ(parsed({"demo", "--memory=cuda", "--gpu-direct=dmabuf"}).memory().gpu_direct, GpuDirect::dmabuf);
    EXPECT_EQ(parsed({"demo", "--memory=cuda", "--gpu-direct=auto"}).memory().gpu_direct, GpuDirect::automatic);
}

TEST(Options, OfAGpuWantMemoryOfOne) {
    EXPECT_THAT(refusal({"demo", "--gpu-direct", "staged"}), AllOf(HasSubstr("--gpu-direct"), HasSubstr("--memory cuda")));
    EXPECT_THAT(refusal({"demo", "--memory", "pinned", "--gpu-direct", "staged"}), HasSubstr("--memory cuda"));
    EXPECT_THAT(refusal({"demo", "--sm-budget", "4"}), AllOf(HasSubstr("--sm-budget"), HasSubstr("--memory cuda")));
    EXPECT_EQ(refusal({"demo", "--memory", "pinned", "--sm-budget", "4"}), "(accepted)");
}

TEST(Options, ChecksumsAreOfMemoryOfEveryKind) {
    for (const char* memory : {"host", "cuda", "pinned"}) {
        EXPECT_EQ(refusal({"demo", "--checksum", "--memory", memory}), "(accepted)") << memory;
    }
}

TEST(Options, MetricsOfADemoWantBothWorkersInOneProcess) {
    EXPECT_EQ(refusal({"demo", "--fabric", "loopback", "--metrics", "127.0.0.1:0"}), "(accepted)");
    EXPECT_EQ(refusal({"embed", "--metrics", "[::1]:9464"}), "(accepted)");
    EXPECT_THAT(refusal({"demo", "--metrics", "127.0.0.1:0"}), AllOf(HasSubstr("--metrics"), HasSubstr("--fabric loopback")));
}

TEST(Options, DefaultsAreThoseOfTheManual) {
    const Options options = parsed({"demo"});
    EXPECT_EQ(options.command, Command::demo);
    EXPECT_EQ(options.tokens, 2000U);
    EXPECT_THAT(options.allocate, ElementsAre(1024U));
    EXPECT_EQ(options.block_size, 128U);
    EXPECT_FALSE(options.sender_block_size);
    EXPECT_EQ(options.hidden, 4096U);
    EXPECT_EQ(options.dtype, DType::bf16);
    EXPECT_EQ(options.pool_blocks, 256U);
    EXPECT_EQ(options.requests, 1U);
    EXPECT_EQ(options.concurrency, 8U);
    EXPECT_EQ(options.fabric().kind, FabricKind::verbs);
    EXPECT_FALSE(options.keep_blocks);
}

TEST(Options, EveryOptionIsTaken) {
    const Options options = parsed({"demo",
                                    "--tokens",
                                    "10000",
                                    "--allocate=0",
                                    "--block-size",
                                    "112",
                                    "--sender-block-size",
                                    "80",
                                    "--hidden",
                                    "64",
                                    "--dtype",
                                    "fp8",
                                    "--deepstack",
                                    "3",
                                    "--pool-blocks",
                                    "8",
                                    "--sender-pool-blocks",
                                    "900",
                                    "--requests",
                                    "40",
                                    "--concurrency",
                                    "4",
                                    "--layout",
                                    "slab",
                                    "--source",
                                    "contiguous",
                                    "--sink",
                                    "--device",
                                    "a0,b0",
                                    "--gid-index",
                                    "3",
                                    "--ib-port",
                                    "2",
                                    "--fabric",
                                    "verbs",
                                    "--seed",
                                    "18446744073709551615",
                                    "--json",
                                    "--log-level",
                                    "debug",
                                    "--insecure",
                                    "--timeout",
                                    "5"});
    EXPECT_EQ(options.tokens, 10000U);
    EXPECT_THAT(options.allocate, ElementsAre(0U));
    EXPECT_EQ(options.block_size, 112U);
    EXPECT_EQ(options.sender_block_size, 80U);
    EXPECT_EQ(options.dtype, DType::fp8);
    EXPECT_EQ(options.deepstack, 3U);
    EXPECT_EQ(options.layout, Arrangement::slab);
    EXPECT_EQ(options.source, SourceKind::contiguous);
    EXPECT_TRUE(options.sink);
    EXPECT_EQ(options.devices, (std::vector<std::string>{"a0", "b0"}));
    EXPECT_EQ(options.fabric().gid_index, 3);
    EXPECT_EQ(options.fabric().port, 2);
    EXPECT_EQ(options.seed, 18446744073709551615U);
    EXPECT_TRUE(options.json && options.config().language.control.insecure);
    EXPECT_TRUE(options.was_given("--tokens"));
    EXPECT_FALSE(options.was_given("--output"));
}

TEST(Options, GuessesAreOneForAllOrOneARank) {
    EXPECT_EQ(parsed({"demo"}).ranks, 1U);
    const Options three = parsed({"demo", "--allocate", "300,1024,4000", "--ranks", "3"});
    EXPECT_EQ(three.ranks, 3U);
    EXPECT_THAT(three.allocate, ElementsAre(300U, 1024U, 4000U));
    EXPECT_THAT(parsed({"demo", "--allocate", "300,auto", "--ranks", "2"}).allocate, ElementsAre(300U, kAutoTokens));
    EXPECT_THAT(refusal({"demo", "--allocate", "automatic"}), HasSubstr("auto"));
    EXPECT_THAT(parsed({"demo", "--ranks", "16", "--allocate", "5"}).allocate, ElementsAre(5U));
    EXPECT_THAT(refusal({"demo", "--ranks", "3", "--allocate", "1,2"}),
                AllOf(HasSubstr("--allocate"), HasSubstr("2 values"), HasSubstr("--ranks is 3")));
    EXPECT_THAT(refusal({"demo", "--allocate", "1,2"}), AllOf(HasSubstr("2 values"), HasSubstr("--ranks is 1")));
    EXPECT_THAT(refusal({"language", "--connect", "tcp://127.0.0.1:1", "--ranks", "2", "--allocate", "1,2"}),
                AllOf(HasSubstr("--allocate"), HasSubstr("2 values")));
    EXPECT_THAT(refusal({"demo", "--ranks", "2", "--output", "x"}), HasSubstr("--output"));
    EXPECT_THAT(refusal({"embed", "--ranks", "2"}), HasSubstr("\"--ranks\""));
}

TEST(Options, UnknownOptionsAreNamedWithWhatIsKnown) {
    EXPECT_THAT(refusal({"demo", "--token", "5"}),
                AllOf(HasSubstr("\"--token\""), HasSubstr("\"5\""), HasSubstr("--tokens, --allocate")));
    EXPECT_THAT(refusal({"demo", "--frobnicate=7"}), HasSubstr("\"--frobnicate\""));
    EXPECT_THAT(refusal({"demo", "-x"}), HasSubstr("\"-x\""));
    EXPECT_THAT(refusal({"demo", "surplus"}), HasSubstr("\"surplus\""));
    // Each half knows its own options only.
    EXPECT_THAT(refusal({"demo", "--listen", "tcp://127.0.0.1:1"}), HasSubstr("\"--listen\""));
    EXPECT_THAT(refusal({"embed", "--connect", "tcp://127.0.0.1:1"}), HasSubstr("\"--connect\""));
    EXPECT_THAT(refusal({"embed", "--output", "x"}), HasSubstr("\"--output\""));
}

TEST(Options, CommandsAreNamed) {
    for (const Arguments& arguments : {Arguments{}, Arguments{"dmeo"}, Arguments{"--tokens", "5"}}) {
        EXPECT_THAT(refusal(arguments), HasSubstr("permitted: demo, embed, language"));
    }
}

TEST(Options, MissingAndRepeatedValuesNameTheOption) {
    EXPECT_THAT(refusal({"demo", "--tokens"}), AllOf(HasSubstr("--tokens"), HasSubstr("1 to 2147483647")));
    EXPECT_THAT(refusal({"demo", "--tokens", "--json"}), AllOf(HasSubstr("--tokens"), HasSubstr("1 to 2147483647")));
    EXPECT_THAT(refusal({"demo", "--tokens", "5", "--tokens", "6"}), AllOf(HasSubstr("--tokens"), HasSubstr("once")));
    EXPECT_THAT(refusal({"demo", "--sender-block-size"}), HasSubstr("option --sender-block-size"));
    for (const char* flag : {"--json=maybe", "--json=false", "--json=true", "--sink=false", "--keep-blocks=0"}) {
        EXPECT_THAT(refusal({"demo", flag}), HasSubstr("permitted: no value")) << flag;
    }
}

TEST(Options, ContradictionsAreRefused) {
    EXPECT_THAT(refusal({"demo", "--sink", "--keep-blocks"}), AllOf(HasSubstr("--sink"), HasSubstr("--keep-blocks")));
    EXPECT_THAT(refusal({"embed", "--fabric", "loopback"}), AllOf(HasSubstr("--fabric"), HasSubstr("verbs")));
    EXPECT_THAT(refusal({"language"}), HasSubstr("--connect"));
    EXPECT_THAT(refusal({"embed", "--device", "a,b,c,d,e,f,g,h,i"}), HasSubstr("--device"));
    EXPECT_THAT(refusal({"demo", "--output", "x", "--requests", "2"}), AllOf(HasSubstr("--requests"), HasSubstr("1")));
}

TEST(Options, FilesMakeOneRequest) {
    for (const char* command : {"demo", "embed"}) {
        EXPECT_THAT(refusal({command, "--input", "x", "--requests", "3"}),
                    AllOf(HasSubstr("--requests is 3"), HasSubstr("permitted with --input: 1")));
    }
}

TEST(Options, WhatHasNoEffectOnLoopbackIsRefused) {
    for (const char* option : {"--device", "--gid-index", "--ib-port"}) {
        EXPECT_THAT(refusal({"demo", "--fabric", "loopback", option, "1"}),
                    AllOf(HasSubstr(option), HasSubstr("no effect with --fabric loopback")));
    }
    EXPECT_EQ(parsed({"demo", "--ib-port", "0"}).fabric().port, 0);
}

TEST(Options, TheLibrarysWordsBecomeThoseOfTheCommandLine) {
    Options options;
    options.listen = "tcp://0.0.0.0:7700";
    options.connect = "tcp://10.0.0.5:0";
    EXPECT_EQ(in_option_words("listening on x: give keys, or say --insecure (insecure = true) where", options),
              "option --listen: listening on x: give --key, or say --insecure where");
    EXPECT_THAT(in_option_words("listening on x: set advertise to the one", options), HasSubstr("set --advertise to"));
    EXPECT_EQ(in_option_words("advertise \"x\"", options), "option --advertise \"x\"");
    EXPECT_EQ(in_option_words("endpoint \"tcp://10.0.0.5:0\": no", options),
              "option --connect: endpoint \"tcp://10.0.0.5:0\": no");
    EXPECT_EQ(in_option_words("endpoint \"tcp://0.0.0.0:7700\": no", options),
              "option --listen: endpoint \"tcp://0.0.0.0:7700\": no");
    EXPECT_THAT(in_option_words("endpoint is tcp://10.0.0.5:0; only", options), HasSubstr("option --connect: "));
    EXPECT_EQ(in_option_words("something else", options), "something else");
}

TEST(Options, KeysComeTogetherOrNotAtAll) {
    const Options embed = parsed({"embed", "--key", "a", "--allow-keys", "b"});
    EXPECT_EQ(embed.key, "a");
    EXPECT_EQ(embed.allow_keys, "b");
    const Arguments language{"language", "--connect", "tcp://127.0.0.1:1"};
    const auto with = [&](Arguments more) {
        more.insert(more.begin(), language.begin(), language.end());
        return more;
    };
    EXPECT_EQ(parsed(with({"--key", "a", "--server-key", "c"})).server_key, "c");
    EXPECT_THAT(refusal({"embed", "--key", "a"}), HasSubstr("option --allow-keys: no value given, but --key"));
    EXPECT_THAT(refusal({"embed", "--allow-keys", "b"}), HasSubstr("option --key: no value given"));
    EXPECT_THAT(refusal({"embed", "--server-key", "c"}), HasSubstr("unknown option"));
    EXPECT_THAT(refusal(with({"--key", "a"})), HasSubstr("option --server-key: no value given, but --key"));
    EXPECT_THAT(refusal(with({"--server-key", "c"})), HasSubstr("option --key: no value given, but --server-key"));
    EXPECT_THAT(refusal({"demo", "--key", "a"}), HasSubstr("unknown option"));
    EXPECT_EQ(parsed({"keygen"}).key_folder, ".");
    EXPECT_EQ(parsed({"keygen", "keys/mine"}).key_folder, "keys/mine");
    EXPECT_THAT(refusal({"keygen", "one", "two"}), HasSubstr("two"));
}

TEST(Options, HelpAndVersionAreNoErrors) {
    EXPECT_THAT(parse({"--help"}).text, AllOf(HasSubstr("demo"), HasSubstr("language")));
    EXPECT_THAT(parse({"demo", "--help"}).text, AllOf(HasSubstr("--tokens"), HasSubstr("1 to 2147483647")));
    EXPECT_THAT(parse({"--version"}).text, HasSubstr("remit "));
}

TEST(Options, HelpShowsEveryOptionButTheInternalOne) {
    const std::string help = parse({"demo", "--help"}).text;
    for (const OptionSpec& spec : option_table()) {
        if (!spec.in_demo) continue;
        EXPECT_THAT(help, HasSubstr(spec.name));
        EXPECT_FALSE(spec.permitted.empty()) << spec.name;
    }
    EXPECT_EQ(parse({"embed", "--help"}).text.find("--events"), std::string::npos);
}

}  // namespace
}  // namespace remit::tools::test
