// `remit config`, and what files, environment and options make of the other commands.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "run_command.hpp"
#include "temporary_folder.hpp"
#include "tools/cli/option_table.hpp"
#include "tools/cli/parse.hpp"
#include "tools/cli/settings.hpp"
#include "tools/config/reference.hpp"

#include <remit/error.hpp>

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A variable for as long as this lives.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
    ~Variable() { unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

Options parsed(const std::vector<std::string>& arguments) {
    return *parse(arguments).options;
}

std::string refusal(const std::vector<std::string>& arguments) {
    try {
        static_cast<void>(parse(arguments));
    } catch (const std::exception& error) {
        return error.what();
    }
    return "(accepted)";
}

class ConfigFile : public testing::Test {
protected:
    /// The name of a file with that text.
    std::string file(const std::string& text) {
        write_text(folder_ / "remit.toml", text);
        return folder_ / "remit.toml";
    }

private:
    TemporaryFolder folder_;
};

TEST_F(ConfigFile, TheCommandLineWinsOverTheEnvironmentOverTheFile) {
    const std::string name = file("[fabric]\nqueue_pairs = 2\nsend_queue_depth = 16\ngid_index = 1\n");
    const Variable pairs("REMIT_FABRIC_QUEUE_PAIRS", "3");
    const Variable gid("REMIT_FABRIC_GID_INDEX", "4");
    const Options options = parsed({"bench", "--gid-index", "5", "--config", name});
    EXPECT_EQ(options.fabric().send_queue_depth, 16U);
    EXPECT_EQ(options.fabric().queue_pairs, 3U);
    EXPECT_EQ(options.fabric().gid_index, 5);
}

TEST_F(ConfigFile, TheCommandPrintsValuesWithWhereTheyAreFrom) {
    const std::string name = file("[fabric]\nqueue_pairs = 2\nmtu = 1024\n");
    const Variable pairs("REMIT_FABRIC_QUEUE_PAIRS", "3");
    const Outcome outcome = run_command({"config", "--config", name, "--json", "--set", "timing.room_deadline=5min",
                                         "--set", "fabric.spin=1us", "--gather", "never"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const auto value = [json = outcome.json()](const std::string& key) {
        for (const nlohmann::json& one : json["settings"]) {
            if (one["key"] == key) return one;
        }
        return nlohmann::json();
    };
    EXPECT_EQ(value("fabric.queue_pairs"), (nlohmann::json{{"key", "fabric.queue_pairs"}, {"value", "3"},
                                            {"source", "environment"}, {"where", "REMIT_FABRIC_QUEUE_PAIRS"}}));
    EXPECT_EQ(value("fabric.mtu")["where"], name + ":3");
    EXPECT_EQ(value("fabric.mtu")["source"], "file");
    EXPECT_EQ(value("timing.room_deadline")["value"], "5min");
    EXPECT_EQ(value("timing.room_deadline")["where"], "--set");
    EXPECT_EQ(value("fabric.spin")["value"], "1us");
    EXPECT_EQ(value("embedding.gather")["where"], "--gather");
    EXPECT_EQ(value("embedding.chunk_bytes")["where"], "default");
    EXPECT_EQ(value("embedding.chunk_bytes")["value"], "4MiB");
}

TEST_F(ConfigFile, WhatTheCommandPrintsIsAFileThatSaysTheSame) {
    const std::vector<std::string> arguments{"config", "--set", "fabric.device=mlx5_0,mlx5_1", "--set",
                                             "control.allowed_return_addresses=10.0.0.1,10.0.0.2", "--set",
                                             "fabric.loopback_network=a \"b\" \\c", "--checksum"};
    const Outcome first = run_command(arguments);
    ASSERT_EQ(first.status, 0) << first.err;
    const Options second = parsed({"config", "--config", file(first.out)});
    const Options direct = parsed(arguments);
    for (std::size_t i = 0; i < direct.settings.values().size(); ++i) {
        EXPECT_EQ(second.settings.values()[i].value, direct.settings.values()[i].value) << direct.settings.values()[i].key;
        EXPECT_EQ(second.settings.values()[i].source, ConfigSource::file) << direct.settings.values()[i].key;
    }
}

TEST_F(ConfigFile, MistakesExitWith2AndNameTheirPlace) {
    const std::string name = file("[fabric]\nqueue_pairs = 17\n");
    for (const char* command : {"config", "demo", "embed", "bench"}) {
        const Outcome outcome = run_command({command, "--config", name});
        EXPECT_EQ(outcome.status, 2) << command;
        EXPECT_THAT(outcome.err, HasSubstr(name + ":2: fabric.queue_pairs is 17; permitted: 1 to 16"));
    }
    EXPECT_EQ(run_command({"config", "--config", name + "x"}).status, 2);
    const Outcome contradiction = run_command({"config", "--set", "timing.peer_silence=1ms"});
    EXPECT_EQ(contradiction.status, 2);
    EXPECT_THAT(contradiction.err, HasSubstr("timing.ping_period"));
}

TEST_F(ConfigFile, ADemoRunsByIt) {
    const std::string name = file("[fabric]\nkind = 'loopback'\n[language]\nchecksum = true\nmemory_policy = 'wait'\n"
                                  "[embedding]\nchunk_bytes = '64KiB'\n[control]\nlisten = 'tcp://192.0.2.1:7700'\n"
                                  "[control.keys]\nsecret_key_file = '/nonexistent'\nallowed_keys = '/nonexistent'\n");
    const Outcome outcome = run_command({"demo", "--config", name, "--json", "--hidden", "64"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.json()["verified"], true);
    EXPECT_EQ(outcome.json()["fabric"], "loopback");
}

TEST_F(ConfigFile, TheHalvesOfADemoKeepAddressesAndKeysOfTheirOwn) {
    const std::string name = file("[control]\nlisten = 'tcp://192.0.2.1:7700'\nadvertise = '192.0.2.1'\n[control.keys]\n"
                                  "secret_key_file = 'a'\nserver_key_file = 'b'\nallowed_keys = 'c'\n");
    const Options alone = parsed({"embed", "--config", name});
    EXPECT_EQ(alone.listen, "tcp://192.0.2.1:7700");
    EXPECT_EQ(alone.key, "a");
    EXPECT_EQ(alone.server_key, "");
    EXPECT_EQ(control_of(alone, alone.listen).advertise, "192.0.2.1");
    EXPECT_EQ(parsed({"language", "--config", name, "--connect", "tcp://192.0.2.2:1"}).server_key, "b");
    const Options child = parsed({"embed", "--events", "--config", name, "--listen=tcp://127.0.0.1:0", "--key=k",
                                  "--allow-keys=d"});
    EXPECT_EQ(child.listen, "tcp://127.0.0.1:0");
    EXPECT_EQ(child.key, "k");
    EXPECT_EQ(child.allow_keys, "d");
    EXPECT_EQ(control_of(child, child.listen).advertise, "");
    const Options bench = parsed({"bench", "--config", name});
    EXPECT_EQ(bench.key + bench.listen, "");
}

TEST_F(ConfigFile, DevicesOfAFileAreCheckedWithItsName) {
    EXPECT_THAT(parsed({"demo", "--config", file("[fabric]\ndevice = 'a,b'")}).devices, ElementsAre("a", "b"));
    EXPECT_THAT(refusal({"demo", "--config", file("[fabric]\ndevice = 'a,b,c'")}),
                AllOf(HasSubstr("remit.toml:2: fabric.device: value \"a,b,c\""), HasSubstr("an even number")));
    EXPECT_THAT(refusal({"embed", "--config", file("[fabric]\ndevice = '../x'")}), HasSubstr("fabric.device"));
    EXPECT_THAT(refusal({"embed", "--config", file("[fabric]\nkind = 'loopback'")}),
                HasSubstr("remit.toml:2: fabric.kind: value \"loopback\""));
    EXPECT_THAT(refusal({"bench", "--config", file("[memory]\nkind = 'cuda'")}),
                AllOf(HasSubstr("remit.toml:2: memory.kind"), HasSubstr("permitted for bench: host")));
}

TEST_F(ConfigFile, TheTimeoutSetsTheDeadlinesThatNobodyElseNames) {
    const std::string name = file("[timing]\nroom_deadline = '1500ms'\npark_deadline = '7s'\n");
    const Options plain = parsed({"embed"});
    EXPECT_EQ(plain.config().embedding.timing.park_deadline, std::chrono::seconds(60));
    const Options from_file = parsed({"embed", "--config", name});
    EXPECT_EQ(from_file.timeout_seconds, 2U);
    EXPECT_EQ(from_file.config().language.timing.room_deadline, std::chrono::milliseconds(1500));
    EXPECT_EQ(from_file.config().embedding.timing.park_deadline, std::chrono::seconds(7));
    EXPECT_EQ(from_file.config().embedding.timing.round_deadline, std::chrono::seconds(60));
    const Options given = parsed({"embed", "--config", name, "--timeout", "9", "--set", "timing.memory_deadline=3s"});
    EXPECT_EQ(given.config().language.timing.room_deadline, std::chrono::seconds(9));
    EXPECT_EQ(given.config().embedding.timing.park_deadline, std::chrono::seconds(9));
    EXPECT_EQ(given.config().language.timing.memory_deadline, std::chrono::seconds(3));
    EXPECT_EQ(parsed({"bench", "--timeout", "9"}).config().language.timing.room_deadline, std::chrono::seconds(9));
    EXPECT_EQ(parsed({"bench", "--timeout", "9"}).config().embedding.timing.park_deadline, std::chrono::hours(24));
}

TEST(Set, TakesEveryKeyAndNamesTheNearest) {
    EXPECT_EQ(parsed({"demo", "--set", "fabric.mtu=1024", "--set=limits.peers=5"}).config().embedding.limits.peers, 5U);
    EXPECT_THAT(refusal({"demo", "--set", "fabric.mut=1024"}), AllOf(HasSubstr("option --set"), HasSubstr("fabric.mtu")));
    EXPECT_THAT(refusal({"demo", "--set", "fabric.mtu=7"}), AllOf(HasSubstr("option --set"), HasSubstr("is \"7\"")));
    EXPECT_THAT(refusal({"demo", "--set", "fabric.mtu"}), HasSubstr("permitted: a key"));
    EXPECT_THAT(refusal({"demo", "--set", "fabric.mtu=1024", "surplus"}), HasSubstr("\"surplus\""));
}

TEST(Set, OptionsThatNameAKeyHaveItsRange) {
    std::size_t with_key = 0;
    for (const OptionSpec& spec : option_table()) {
        if (spec.key.empty()) continue;
        ++with_key;
        ConfigLoader loader;
        EXPECT_EQ(loader.source_of(spec.key), ConfigSource::defaults) << spec.name << " names a key that is none";
    }
    EXPECT_GE(with_key, 20U);
    EXPECT_THAT(refusal({"bench", "--qps", "17"}), AllOf(HasSubstr("option --qps: value \"17\""), HasSubstr("1 to 16")));
    EXPECT_EQ(parsed({"bench", "--chunk", "64KiB"}).config().embedding.chunk_bytes, 65536U);
    EXPECT_EQ(parsed({"bench", "--chunk", "65536"}).config().embedding.chunk_bytes, 65536U);
}

TEST(Doctor, ReadsNeitherFileNorEnvironment) {
    const Variable gid("REMIT_FABRIC_GID_INDEX", "4");
    EXPECT_EQ(parsed({"doctor"}).fabric().gid_index, -1);
    EXPECT_EQ(parsed({"embed"}).fabric().gid_index, 4);
    EXPECT_THAT(refusal({"doctor", "--config", "x"}), HasSubstr("unknown option"));
}

/// docs/configuration.md holds what `remit config --reference` prints, from its first key to its end.
TEST(ConfigurationPage, HoldsEveryKey) {
    const std::string page = read_text(REMIT_CONFIGURATION_PAGE);
    const std::string reference = reference_text();
    ASSERT_THAT(reference, StartsWith("\n### `[control]`"));
    const std::size_t begin = page.find("\n### `[control]`");
    ASSERT_NE(begin, std::string::npos);
    EXPECT_EQ(page.substr(begin), reference)
        << "write its last part anew: remit config --reference, from its first table on";
    EXPECT_EQ(run_command({"config", "--reference"}).out, reference);
}

}  // namespace
}  // namespace remit::tools::test
