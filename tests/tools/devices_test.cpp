#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temporary_folder.hpp"
#include "tools/cli/parse.hpp"
#include "tools/demo/devices.hpp"
#include "tools/demo/own_processes.hpp"
#include "tools/run/local_address.hpp"

namespace remit::tools::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Devices, OnlyThoseWithAnActivePortCount) {
    const TemporaryFolder root;
    write_text(root / "rxe_b0/ports/1/state", "4: ACTIVE\n");
    write_text(root / "rxe_a0/ports/1/state", "1: DOWN\n");
    write_text(root / "rxe_a0/ports/2/state", "4: ACTIVE\n");
    write_text(root / "rxe_c0/ports/1/state", "1: DOWN\n");
    write_text(root / "rxe_d0/node_guid", "0");
    EXPECT_THAT(active_devices(root.path()), ElementsAre("rxe_a0", "rxe_b0"));
    EXPECT_TRUE(active_devices(root / "nowhere").empty());
}

TEST(Devices, ADemoUsesTwoWhereThereAreTwo) {
    const DevicePair pair = choose_devices({}, {"a", "b", "c"});
    EXPECT_EQ(pair.sender, "a");
    EXPECT_EQ(pair.receiver, "b");
    EXPECT_THAT(pair.note, HasSubstr("--device"));
}

TEST(Devices, OfTwoRailsADemoUsesTheTwoEndsOfOne) {
    const DevicePair pair = choose_devices({}, {"rxe_a0", "rxe_a1", "rxe_b0", "rxe_b1"});
    EXPECT_EQ(pair.sender, "rxe_a0");
    EXPECT_EQ(pair.receiver, "rxe_b0");
}

TEST(Devices, OneDeviceForBothEndsIsSaid) {
    const DevicePair pair = choose_devices({}, {"a"});
    EXPECT_EQ(pair.sender, "a");
    EXPECT_EQ(pair.receiver, "a");
    EXPECT_THAT(pair.note, HasSubstr("only one"));
}

TEST(Devices, NamedOnesAreTakenAsTheyAre) {
    EXPECT_EQ(choose_devices({"x", "y"}, {"a", "b"}).receiver, "y");
    EXPECT_EQ(choose_devices({"x"}, {"a", "b"}).receiver, "x");
    EXPECT_EQ(choose_devices({"x0", "x1", "y0", "y1"}, {}).sender, "x0,x1");
    EXPECT_EQ(choose_devices({"x0", "x1", "y0", "y1"}, {}).receiver, "y0,y1");
    EXPECT_EQ(choose_devices({}, {}).sender, "");
}

TEST(HalfArguments, EachHalfGetsItsOwnOptions) {
    const Options options = *parse({"demo", "--tokens", "7", "--json", "--sink", "--output", "out dir", "--device",
                                    "a,b", "--log-level=debug"})
                                 .options;
    const auto embed = half_arguments(options, Command::embed, "a", "");
    EXPECT_THAT(embed, ElementsAre("embed", "--events", "--tokens=7", "--sink", "--log-level=debug", "--device=a",
                                   "--listen=tcp://127.0.0.1:0"));
    const auto language = half_arguments(options, Command::language, "b", "tcp://127.0.0.1:9");
    EXPECT_THAT(language, Contains("--output=out dir"));
    EXPECT_THAT(language, Contains("--connect=tcp://127.0.0.1:9"));
    EXPECT_THAT(language, Not(Contains("--json")));
    EXPECT_THAT(language, Contains("--allocate=1024"));
    // What a half is given, it understands.
    EXPECT_EQ(parse(embed).options->tokens, 7U);
    EXPECT_EQ(parse(language).options->output, "out dir");
}

TEST(LocalAddress, IsTheOneThatReachesThePeer) {
    EXPECT_EQ(listen_towards("tcp://127.0.0.1:7700"), "tcp://127.0.0.1:0");
    EXPECT_EQ(listen_towards(""), "tcp://127.0.0.1:0");
    EXPECT_EQ(listen_towards("no endpoint"), "tcp://127.0.0.1:0");
    EXPECT_THAT(listen_towards("tcp://[::1]:7700"), ::testing::AnyOf("tcp://[::1]:0", "tcp://127.0.0.1:0"));
}

}  // namespace
}  // namespace remit::tools::test
