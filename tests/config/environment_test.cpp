// Variables of the environment: which are remit's keys, and what is told of those that almost are.

#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remit::config::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refused(const char* variable) {
    const char* const variables[] = {"HOME=/", variable, nullptr};
    ConfigLoader loader;
    return refusal([&] { loader.read_environment(variables); });
}

TEST(Environment, WrongValuesNameVariableValueAndRange) {
    EXPECT_EQ(refused("REMIT_FABRIC_QUEUE_PAIRS=17"),
              "environment variable REMIT_FABRIC_QUEUE_PAIRS: fabric.queue_pairs is \"17\"; permitted: 1 to 16");
    EXPECT_THAT(refused("REMIT_FABRIC_QUEUE_PAIRS="), HasSubstr("is \"\"; permitted: 1 to 16"));
    EXPECT_THAT(refused("REMIT_FABRIC_BUSY_POLL=yes"), HasSubstr("true, false"));
    EXPECT_THAT(refused("REMIT_TIMING_ROOM_DEADLINE=30"), HasSubstr("with its unit"));
}

TEST(Environment, ASlipNamesTheNearest) {
    EXPECT_THAT(refused("REMIT_FABRIC_QUEUE_PAIR=4"),
                AllOf(HasSubstr("REMIT_FABRIC_QUEUE_PAIR:"), HasSubstr("REMIT_FABRIC_QUEUE_PAIRS")));
    EXPECT_THAT(refused("REMIT_FABRIK_MTU=4"), HasSubstr("REMIT_FABRIC_MTU"));
    EXPECT_THAT(refused("REMIT_TIMING_NOTHING_LIKE_IT=1"), HasSubstr("unknown; the nearest known one is REMIT_TIMING_"));
    EXPECT_THAT(refused("REMIT_LANGUAGE_GUESS_SHAR=0.5"), HasSubstr("REMIT_LANGUAGE_GUESS_SHARE"));
}

TEST(Environment, NamesThatAreNoKeysAreLeftAlone) {
    for (const char* variable : {"REMIT_OUT=/tmp", "REMIT_GUEST=qemu", "REMIT_RDMA_DEVICES=rxe_a0", "REMIT_TIME_SCALE=10",
                                 "REMIT_GUEST_MEMORY=3072", "REMIT_CACHE=/x", "REMIT_", "remit_fabric_mtu=4",
                                 "FABRIC_MTU=1", "REMIT_FABRIC_MTU"}) {
        EXPECT_EQ(refused(variable), "(accepted)") << variable;
    }
    ConfigLoader loader;
    loader.read_environment(nullptr);
    for (const ConfigValue& value : loader.values()) EXPECT_EQ(value.source, ConfigSource::defaults);
}

TEST(Environment, AnEmptyTextIsATextAndAValueMayHoldAnEqualsSign) {
    const char* const variables[] = {"REMIT_FABRIC_DEVICE=", "REMIT_FABRIC_LOOPBACK_NETWORK=a=b", nullptr};
    ConfigLoader loader;
    loader.read_environment(variables);
    EXPECT_EQ(loader.source_of("fabric.device"), ConfigSource::environment);
    EXPECT_EQ(loader.config().embedding.fabric.loopback_network, "a=b");
}

}  // namespace
}  // namespace remit::config::test
