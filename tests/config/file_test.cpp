// What is wrong in a file is told with its line, its value and what is permitted.

#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remit::config::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string refused(const std::string& text) {
    ConfigLoader loader;
    return refusal([&] { loader.read_toml(text, "remit.toml"); });
}

Config loaded(const std::string& text) {
    ConfigLoader loader;
    loader.read_toml(text, "remit.toml");
    return loader.config();
}

TEST(File, EveryFormOfTableReachesTheSameKey) {
    for (const char* text : {"[fabric]\nmtu = 1024", "fabric.mtu = 1024", "fabric = { mtu = 1024 }"}) {
        EXPECT_EQ(loaded(text).embedding.fabric.mtu, 1024U) << text;
    }
    EXPECT_EQ(loaded("[control.keys]\nsecret_key_file = 'a'").embedding.control.keys.secret_key_file, "a");
    EXPECT_EQ(loaded("[control]\nkeys.secret_key_file = 'a'").language.control.keys.secret_key_file, "a");
    EXPECT_EQ(loaded("").embedding.fabric.mtu, 0U);
    EXPECT_EQ(loaded("[fabric]\n# mtu = 1024\n[language.guess]\n[language]\n").embedding.fabric.mtu, 0U);
}

TEST(File, UnitsAreTaken) {
    const Config config = loaded("[embedding]\nchunk_bytes = '1MiB'\nin_place_bytes = 4096\n[timing]\nroom_deadline = '5min'\n"
                                 "[fabric]\nspin = '50us'\n[language.guess]\nshare = 0.5\nfree_share = 1\n");
    EXPECT_EQ(config.embedding.chunk_bytes, 1U << 20);
    EXPECT_EQ(config.embedding.in_place_bytes, 4096U);
    EXPECT_EQ(config.language.timing.room_deadline, std::chrono::minutes(5));
    EXPECT_EQ(config.language.fabric.spin, std::chrono::microseconds(50));
    EXPECT_EQ(config.language.guess.share, 0.5);
    EXPECT_EQ(config.language.guess.free_share, 1.0);
}

TEST(File, ListsAreArraysOfStrings) {
    EXPECT_THAT(loaded("[control]\nallowed_return_addresses = ['10.0.0.1', '10.0.0.2']")
                    .embedding.control.allowed_return_addresses,
                ElementsAre("10.0.0.1", "10.0.0.2"));
    for (const char* wrong : {"'10.0.0.1'", "[1]", "['a', 1]", "['a,b']", "['']", "[['a']]"}) {
        EXPECT_THAT(refused(std::string("[control]\nallowed_return_addresses = ") + wrong),
                    AllOf(StartsWith("remit.toml:2: control.allowed_return_addresses is "), HasSubstr("array of strings")))
            << wrong;
    }
}

TEST(File, UnknownKeysNameTheNearest) {
    EXPECT_THAT(refused("[fabric]\n\nqueue_pair = 4"),
                AllOf(StartsWith("remit.toml:3: unknown key \"fabric.queue_pair\""), HasSubstr("fabric.queue_pairs")));
    EXPECT_THAT(refused("[fabrik]\nqueue_pairs = 4"),
                AllOf(HasSubstr("\"fabrik.queue_pairs\""), HasSubstr("fabric.queue_pairs")));
    EXPECT_THAT(refused("queue_pairs = 4"), HasSubstr("remit.toml:1: unknown key \"queue_pairs\""));
    EXPECT_THAT(refused("[fabric]\n[nothing]\n"), HasSubstr("remit.toml:2: unknown key \"nothing\""));
    EXPECT_THAT(refused("fabric = 4"), HasSubstr("unknown key \"fabric\""));
    EXPECT_THAT(refused("[[fabric]]\nmtu = 1024"), HasSubstr("unknown key \"fabric\""));
}

struct WrongType {
    const char* text;
    const char* shown;
    const char* permitted;
};

TEST(File, WrongTypesNameValueAndWhatIsPermitted) {
    for (const WrongType& wrong :
         {WrongType{"[fabric]\nqueue_pairs = '4'", "fabric.queue_pairs is \"4\"", "an integer without quotes: 1 to 16"},
          WrongType{"[fabric]\nqueue_pairs = 4.0", "fabric.queue_pairs is 4", "an integer"},
          WrongType{"[fabric]\nqueue_pairs = [4]", "fabric.queue_pairs is an array", "an integer"},
          WrongType{"[fabric]\nqueue_pairs = { a = 1, b = 2 }", "unknown key \"fabric.queue_pairs.a\"", "fabric.queue_pairs"},
          WrongType{"[fabric.queue_pairs]\n", "fabric.queue_pairs is a table", "an integer"},
          WrongType{"[fabric]\nbusy_poll = 'true'", "fabric.busy_poll is \"true\"", "true or false without quotes"},
          WrongType{"[fabric]\nbusy_poll = 1", "fabric.busy_poll is 1", "true, false"},
          WrongType{"[fabric]\ndevice = 5", "fabric.device is 5", "a string"},
          WrongType{"[fabric]\ndevice = 2020-01-01", "fabric.device is a date", "a string"},
          WrongType{"[fabric]\nkind = true", "fabric.kind is true", "verbs, loopback"},
          WrongType{"[timing]\nroom_deadline = 30", "timing.room_deadline is 30", "with a unit as \"30s\""},
          WrongType{"[embedding]\nchunk_bytes = 4096.5", "embedding.chunk_bytes is 4096.5", "4KiB to 1GiB"},
          WrongType{"[language.guess]\nshare = '0.5'", "language.guess.share is \"0.5\"", "0.01 to 0.999"}}) {
        EXPECT_THAT(refused(wrong.text), AllOf(StartsWith("remit.toml:"), HasSubstr(wrong.shown), HasSubstr(wrong.permitted)))
            << wrong.text;
    }
}

TEST(File, ValuesOutOfRangeNameRangeFileAndLine) {
    EXPECT_EQ(refused("# queue pairs\n[fabric]\nqueue_pairs = 17"),
              "remit.toml:3: fabric.queue_pairs is 17; permitted: 1 to 16");
    EXPECT_EQ(refused("[fabric]\nmtu = 1500"),
              "remit.toml:2: fabric.mtu is 1500; permitted: 0, 256, 512, 1024, 2048, 4096");
    EXPECT_THAT(refused("[timing]\nroom_deadline = '30'"),
                AllOf(StartsWith("remit.toml:2: timing.room_deadline is \"30\""), HasSubstr("unit"), HasSubstr("1ms to 24h")));
    EXPECT_THAT(refused("[timing]\nroom_deadline = '1500us'"), HasSubstr("1ms to 24h in multiples of 1ms"));
    EXPECT_THAT(refused("[embedding]\nchunk_bytes = '4MB'"), AllOf(HasSubstr("\"4MB\""), HasSubstr("MiB")));
    EXPECT_THAT(refused("[language]\nmemory_policy = 'hope'"), HasSubstr("permitted: shrink, wait, fail"));
    EXPECT_THAT(refused("[fabric]\ngid_index = -9223372036854775808"), HasSubstr("-1 to 255"));
}

TEST(File, TheFirstOfSeveralMistakesIsTold) {
    EXPECT_THAT(refused("[timing]\nzeal = 1\n[fabric]\nmtu = 1500\n"), StartsWith("remit.toml:2: "));
    EXPECT_THAT(refused("[fabric]\nmtu = 1500\n[control]\nnothing = 1\n"), StartsWith("remit.toml:2: "));
}

TEST(File, WhatIsNoTomlIsToldWithItsLine) {
    EXPECT_THAT(refused("[fabric]\nqueue_pairs = = 4"), StartsWith("remit.toml:2: this is no TOML: "));
    EXPECT_THAT(refused("[fabric]\nmtu = 1024\nmtu = 1024"), StartsWith("remit.toml:3: this is no TOML: "));
    EXPECT_THAT(refused(std::string("[fabric]\ndevice = '\xff'")), HasSubstr("this is no TOML"));
    EXPECT_THAT(refused(std::string(100'000, '[')), HasSubstr("this is no TOML"));
    EXPECT_THAT(refused("[fabric]\nmtu = 1024\n[[[\n"), StartsWith("remit.toml:3: this is no TOML: "));
    EXPECT_THAT(refused("[fabric]\nmtu = 1024\n\n[[["), StartsWith("remit.toml:4: this is no TOML: "));
}

TEST(File, LongValuesAreCutInMessages) {
    const std::string why = refused("[fabric]\nmtu = '" + std::string(5000, 'x') + "'");
    EXPECT_LT(why.size(), 400U);
}

}  // namespace
}  // namespace remit::config::test
