// Which source wins, and where a value says it is from.

#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

namespace remit::config::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kKey = "fabric.queue_pairs";
constexpr const char* kVariables[] = {"REMIT_FABRIC_QUEUE_PAIRS=3", nullptr};

using Read = std::function<void(ConfigLoader&)>;

/// Weakest first; each says as many queue pairs as its place in this list, from 2 on.
const std::vector<Read> kSources{
    [](ConfigLoader& loader) { loader.read_toml("[fabric]\nqueue_pairs = 2", "remit.toml"); },
    [](ConfigLoader& loader) { loader.read_environment(kVariables); },
    [](ConfigLoader& loader) { loader.set(kKey, "4", "--qps"); },
};

TEST(Precedence, IsFileThenEnvironmentThenCommandLineInWhateverOrderTheyAreRead) {
    const std::vector<std::string> where{"remit.toml:2", "REMIT_FABRIC_QUEUE_PAIRS", "--qps"};
    std::vector<std::size_t> order{0, 1, 2};
    do {
        ConfigLoader loader;
        std::size_t strongest = 0;
        for (const std::size_t source : order) {
            kSources[source](loader);
            strongest = std::max(strongest, source);
            const ConfigValue value = value_of(loader, kKey);
            EXPECT_EQ(value.value, std::to_string(strongest + 2));
            EXPECT_EQ(value.where, where[strongest]);
            EXPECT_EQ(loader.config().embedding.fabric.queue_pairs, strongest + 2);
            EXPECT_EQ(loader.config().language.fabric.queue_pairs, strongest + 2);
        }
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Precedence, DefaultsAreTheApisOrThoseGiven) {
    EXPECT_EQ(ConfigLoader().config().embedding.fabric.queue_pairs, FabricOptions{}.queue_pairs);
    Config given;
    given.embedding.fabric.queue_pairs = given.language.fabric.queue_pairs = 7;
    ConfigLoader loader(given);
    EXPECT_EQ(value_of(loader, kKey).value, "7");
    EXPECT_EQ(loader.source_of(kKey), ConfigSource::defaults);
    kSources[0](loader);
    EXPECT_EQ(value_of(loader, kKey).value, "2");
    EXPECT_EQ(loader.source_of(kKey), ConfigSource::file);
}

TEST(Precedence, ALaterOneOfTheSameKindWins) {
    ConfigLoader loader;
    loader.read_toml("[fabric]\nqueue_pairs = 5", "first.toml");
    loader.read_toml("\n\n[fabric]\nqueue_pairs = 6", "second.toml");
    EXPECT_EQ(value_of(loader, kKey).value, "6");
    EXPECT_EQ(value_of(loader, kKey).where, "second.toml:4");
}

TEST(Precedence, AWeakerSourceIsCheckedAllTheSame) {
    ConfigLoader loader;
    loader.set(kKey, "4", "--qps");
    EXPECT_THAT(refusal([&] { loader.read_toml("[fabric]\nqueue_pairs = 99", "remit.toml"); }), HasSubstr("99"));
}

TEST(Loader, NothingIsReadUnasked) {
    ASSERT_EQ(setenv("REMIT_FABRIC_QUEUE_PAIRS", "9", 1), 0);
    ConfigLoader loader;
    EXPECT_EQ(loader.config().embedding.fabric.queue_pairs, 1U);
    loader.read_environment();
    EXPECT_EQ(loader.config().embedding.fabric.queue_pairs, 9U);
    EXPECT_EQ(load_config("", false).embedding.fabric.queue_pairs, 1U);
    EXPECT_EQ(load_config("").language.fabric.queue_pairs, 9U);
    unsetenv("REMIT_FABRIC_QUEUE_PAIRS");
}

TEST(Loader, AnUnknownKeyOfACommandLineNamesTheNearest) {
    ConfigLoader loader;
    EXPECT_THAT(refusal([&] { loader.set("fabric.queue_pair", "4", "--set"); }),
                AllOf(HasSubstr("--set: unknown key \"fabric.queue_pair\""), HasSubstr("fabric.queue_pairs")));
}

TEST(Loader, ARefusedSourceChangesNothing) {
    ConfigLoader loader;
    EXPECT_NE(refusal([&] { loader.read_toml("[fabric]\nqueue_pairs = 4\nmtu = 1500\n", "remit.toml"); }), "(accepted)");
    EXPECT_EQ(loader.source_of(kKey), ConfigSource::defaults);
    EXPECT_EQ(loader.config().embedding.fabric.queue_pairs, 1U);
    const char* const variables[] = {"REMIT_FABRIC_QUEUE_PAIRS=4", "REMIT_FABRIC_MTU=1500", nullptr};
    EXPECT_NE(refusal([&] { loader.read_environment(variables); }), "(accepted)");
    EXPECT_EQ(loader.config().embedding.fabric.queue_pairs, 1U);
}

TEST(Loader, ContradictionsAreFoundWhenAskedFor) {
    ConfigLoader loader;
    loader.read_toml("[timing]\npeer_silence = '1s'\nping_period = '2s'", "remit.toml");
    EXPECT_THAT(refusal([&] { loader.check(); }), AllOf(HasSubstr("timing.peer_silence"), HasSubstr("timing.ping_period")));
    ConfigLoader guess;
    guess.read_toml("[language.guess]\nleast_tokens = 10\nmost_tokens = 9", "remit.toml");
    EXPECT_THAT(refusal([&] { guess.check(); }), HasSubstr("permitted: 1 to 9"));
}

TEST(Loader, ReadsAFileByItsName) {
    const auto path = std::filesystem::temp_directory_path() / ("remit_config_test_" + std::to_string(getpid()) + ".toml");
    std::ofstream(path) << "# comment\n[embedding]\nchunk_bytes = \"1MiB\"\n";
    ConfigLoader loader;
    loader.read_file(path.string());
    EXPECT_EQ(loader.config().embedding.chunk_bytes, 1U << 20);
    EXPECT_EQ(value_of(loader, "embedding.chunk_bytes").where, path.string() + ":3");
    EXPECT_EQ(load_config(path.string(), false).embedding.chunk_bytes, 1U << 20);
    std::filesystem::remove(path);
    EXPECT_THAT(refusal([&] { loader.read_file(path.string()); }), AllOf(HasSubstr(path.string()), HasSubstr("No such")));
    EXPECT_THAT(refusal([&] { loader.read_file("/"); }), HasSubstr("folder"));
    EXPECT_THAT(refusal([&] { loader.read_file("/dev/zero"); }), HasSubstr("larger than"));
}

}  // namespace
}  // namespace remit::config::test
