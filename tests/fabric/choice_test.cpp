#include "fabric/verbs/choice.hpp"
#include "fabric/verbs/options.hpp"

#include <gtest/gtest.h>
#include <remit/error.hpp>

#include <array>
#include <functional>

namespace remit::fabric::verbs {
namespace {

Gid gid(const char* ip) {
    return *gid_of_ip(ip);
}

GidEntry entry(std::uint32_t index, const char* ip, GidType type = GidType::roce_v2) {
    return {index, type, gid(ip), ""};
}

PortInfo port(std::vector<GidEntry> gids) {
    PortInfo result;
    result.active = true;
    result.state = "PORT_ACTIVE";
    result.gid_table_length = 16;
    result.gids = std::move(gids);
    return result;
}

DeviceInfo device(const char* name, std::vector<GidEntry> gids, bool active = true) {
    DeviceInfo result;
    result.name = name;
    result.ports = {port(std::move(gids))};
    result.ports[0].active = active;
    if (!active) result.ports[0].state = "PORT_DOWN";
    return result;
}

std::string message_of(const std::function<void()>& call, ErrorKind kind = ErrorKind::environment) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind);
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
}

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(Address, IsParsedAndShown) {
    EXPECT_EQ(to_text(gid("10.77.0.1")), "::ffff:10.77.0.1");
    EXPECT_EQ(to_text(gid("fe80::1%eth0")), "fe80::1");
    for (const char* none : {"", "*", "0.0.0.0", "::"}) EXPECT_FALSE(gid_of_ip(none)) << none;
    EXPECT_CONTAINS(message_of([] { static_cast<void>(gid_of_ip("node7")); }, ErrorKind::bad_argument), "node7");
}

TEST(Address, RoutableIsWhatLeavesTheLink) {
    for (const char* yes : {"10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::1"}) {
        EXPECT_TRUE(is_routable(gid(yes))) << yes;
    }
    for (const char* no : {"169.254.3.4", "127.0.0.1", "224.0.0.1", "fe80::1", "febf::1", "::1", "ff02::1"}) {
        EXPECT_FALSE(is_routable(gid(no))) << no;
    }
}

struct GidRow {
    const char* what;
    std::vector<GidEntry> table;
    const char* local;
    int chosen;  ///< index, or -1: refused
};

TEST(GidChoice, PrefersByTypeAndAddressNeverByIndex) {
    constexpr GidType v1 = GidType::roce_v1;
    const std::array<GidRow, 9> rows{{
        {"IPv4 before link-local", {entry(0, "fe80::1"), entry(1, "10.0.0.1")}, "", 1},
        {"IPv4 before IPv6", {entry(0, "2001:db8::1"), entry(5, "10.0.0.1")}, "", 5},
        {"v2 before v1", {entry(0, "10.0.0.1", v1), entry(1, "10.0.0.1")}, "", 1},
        {"IPv6 only hosts", {entry(0, "fe80::1"), entry(3, "2001:db8::1")}, "", 3},
        {"routable IPv6 before IPv4 link-local", {entry(0, "169.254.1.1"), entry(2, "fd00::1")}, "", 2},
        {"the local address before others", {entry(0, "10.0.0.1"), entry(1, "10.1.0.1")}, "10.1.0.1", 1},
        {"a local address of another device", {entry(0, "10.0.0.1")}, "10.9.0.1", 0},
        {"link-local never, even as the local address", {entry(0, "fe80::1")}, "fe80::1", -1},
        {"v1 never", {entry(0, "10.0.0.1", v1)}, "", -1},
    }};
    for (const GidRow& row : rows) {
        SCOPED_TRACE(row.what);
        const LocalAddress local{gid_of_ip(row.local), ""};
        const PortInfo table = port(row.table);
        if (row.chosen < 0) {
            EXPECT_CONTAINS(message_of([&] { static_cast<void>(choose_gid("mlx5_0", table, -1, local)); }),
                            "ip address");
        } else {
            EXPECT_EQ(choose_gid("mlx5_0", table, -1, local).index, static_cast<std::uint32_t>(row.chosen));
        }
    }
}

TEST(GidChoice, ANamedIndexIsTakenIfItIsSet) {
    const PortInfo table = port({entry(0, "fe80::1"), entry(2, "10.0.0.1", GidType::roce_v1)});
    EXPECT_EQ(choose_gid("mlx5_0", table, 0, {}).gid, gid("fe80::1"));
    EXPECT_EQ(choose_gid("mlx5_0", table, 2, {}).gid, gid("10.0.0.1"));
    const std::string unset = message_of([&] { static_cast<void>(choose_gid("mlx5_0", table, 1, {})); });
    EXPECT_CONTAINS(unset, "GID index 1 of mlx5_0 port 1 is not set");
    EXPECT_CONTAINS(unset, "2 ::ffff:10.0.0.1 (RoCE v1)");
    const std::string outside = message_of([&] { static_cast<void>(choose_gid("mlx5_0", table, 16, {})); });
    EXPECT_CONTAINS(outside, "GID index 16 is outside the table");
    EXPECT_CONTAINS(outside, "16 entries");
}

TEST(GidChoice, InfiniBandRoutesByLidUnlessAnIndexIsNamed) {
    PortInfo table = port({entry(0, "fe80::1", GidType::infiniband)});
    table.link_layer = LinkLayer::infiniband;
    const GidChoice choice = choose_gid("mlx5_0", table, -1, {});
    EXPECT_EQ(choice.index, 0U);
    EXPECT_TRUE(is_zero(choice.gid));
    EXPECT_EQ(choose_gid("mlx5_0", table, 0, {}).gid, gid("fe80::1"));
}

TEST(DeviceChoice, NamedElseOwnerElseFirstActive) {
    std::vector<DeviceInfo> devices{device("down0", {}, false), device("mlx5_0", {entry(0, "10.0.0.1")}),
                                    device("mlx5_1", {entry(0, "10.0.0.2")})};
    devices[2].netdevs = {"eth7"};
    EXPECT_EQ(choose_device(devices, "mlx5_1", {}).index, 2U);
    EXPECT_EQ(choose_device(devices, "", {gid("10.0.0.2"), ""}).index, 2U);
    EXPECT_EQ(choose_device(devices, "", {gid("10.5.0.2"), "eth7"}).index, 2U);
    EXPECT_EQ(choose_device(devices, "", {gid("10.5.0.2"), "eth0"}).index, 1U);
    const DeviceChoice first = choose_device(devices, "", {});
    EXPECT_EQ(first.index, 1U);
    EXPECT_CONTAINS(first.reason, "mlx5_0, mlx5_1");
    EXPECT_CONTAINS(choose_device(std::span(devices).first(2), "", {}).reason, "only");
}

TEST(DeviceChoice, ErrorsNameWhatIsThere) {
    std::vector<DeviceInfo> devices{device("mlx5_0", {}), device("siw0", {})};
    devices[1].iwarp = true;
    EXPECT_CONTAINS(message_of([] { static_cast<void>(choose_device({}, "", {})); }), "no RDMA device: `rdma link`");
    EXPECT_CONTAINS(message_of([] { static_cast<void>(choose_device({}, "", {})); }), "--fabric loopback");
    const std::string unknown = message_of([&] { static_cast<void>(choose_device(devices, "mlx5_9", {})); });
    EXPECT_CONTAINS(unknown, "\"mlx5_9\"");
    EXPECT_CONTAINS(unknown, "mlx5_0, siw0");
    EXPECT_CONTAINS(message_of([&] { static_cast<void>(choose_device(devices, "siw0", {})); }), "iWARP");
    EXPECT_CONTAINS(message_of([&] { static_cast<void>(choose_device(std::span(devices).last(1), "", {})); }), "iWARP");
}

TEST(PortChoice, FirstActiveOrTheNamedOne) {
    DeviceInfo two = device("mlx5_0", {}, false);
    two.ports.push_back(port({}));
    two.ports[1].number = 2;
    EXPECT_EQ(choose_port(two, 0).number, 2);
    EXPECT_EQ(choose_port(two, 2).number, 2);
    EXPECT_CONTAINS(message_of([&] { static_cast<void>(choose_port(two, 1)); }),
                    "port 1 of mlx5_0 is not active (PORT_DOWN)");
    EXPECT_CONTAINS(message_of([&] { static_cast<void>(choose_port(two, 3)); }, ErrorKind::bad_argument), "no port 3");
    two.ports[1].active = false;
    two.ports[1].state = "PORT_INIT";
    const std::string none = message_of([&] { static_cast<void>(choose_port(two, 0)); });
    EXPECT_CONTAINS(none, "1 is PORT_DOWN, 2 is PORT_INIT");
    EXPECT_CONTAINS(none, "ip link set");
}

TEST(Options, OutOfRangeNamesValueAndRange) {
    const auto spoiled = [](auto change) {
        VerbsOptions options;
        change(options);
        return message_of([&] { check(options); }, ErrorKind::bad_argument);
    };
    EXPECT_NO_THROW(check({}));
    EXPECT_CONTAINS(spoiled([](VerbsOptions& o) { o.rnr_retry = 7; }), "rnr_retry is 7; permitted: 0 to 6");
    EXPECT_CONTAINS(spoiled([](VerbsOptions& o) { o.timeout = 0; }), "timeout is 0; permitted: 1 to 31");
    EXPECT_CONTAINS(spoiled([](VerbsOptions& o) { o.retry_count = 8; }), "retry_count is 8");
    EXPECT_CONTAINS(spoiled([](VerbsOptions& o) { o.gid_index = 256; }), "gid_index is 256");
    EXPECT_CONTAINS(spoiled([](VerbsOptions& o) { o.mtu = 1500; }), "mtu is 1500");
    EXPECT_CONTAINS(spoiled([](VerbsOptions& o) { o.service_level = 16; }), "service_level is 16");
}

TEST(Options, MtuIsThePortsUnlessLessIsAskedFor) {
    EXPECT_EQ(choose_mtu(0, 4096), 4096U);
    EXPECT_EQ(choose_mtu(1024, 4096), 1024U);
    EXPECT_CONTAINS(message_of([] { static_cast<void>(choose_mtu(4096, 1024)); }), "active MTU of 1024");
}

}  // namespace
}  // namespace remit::fabric::verbs
