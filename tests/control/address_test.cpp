#include "control/address.hpp"

#include <gtest/gtest.h>

namespace remit::control {
namespace {

TEST(Address, LoopbackIsKnownInEveryNotation) {
    for (const char* ip : {"127.0.0.1", "127.255.3.4", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback_address(ip)) << ip;
    }
    for (const char* ip : {"10.0.0.1", "128.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1", "localhost", ""}) {
        EXPECT_FALSE(is_loopback_address(ip)) << ip;
    }
}

TEST(Address, WildcardIsKnownInEveryNotation) {
    for (const char* ip : {"*", "0.0.0.0", "::", "0:0::0", "::ffff:0.0.0.0"}) {
        EXPECT_TRUE(is_wildcard_address(ip)) << ip;
    }
    for (const char* ip : {"127.0.0.1", "::1", "", "**", "0.0.0.1"}) EXPECT_FALSE(is_wildcard_address(ip)) << ip;
}

TEST(Address, OnlyNumbersAreAddresses) {
    for (const char* ip : {"10.0.0.1", "::1", "fd00::5"}) EXPECT_TRUE(is_numeric_address(ip)) << ip;
    for (const char* ip : {"localhost", "10.0.0", "10.0.0.256", "1:2", "", " 10.0.0.1", "fe80::1%eth0", "010.0.0.1x"}) {
        EXPECT_FALSE(is_numeric_address(ip)) << ip;
    }
    EXPECT_FALSE(is_numeric_address(std::string("10.0.0.1\0evil", 13)));
    EXPECT_FALSE(is_loopback_address(std::string("127.0.0.1\0.example", 18)));
}

TEST(Address, CanonicalFormMakesAddressesComparable) {
    EXPECT_EQ(canonical_address("::ffff:10.0.0.1"), "10.0.0.1");
    EXPECT_EQ(canonical_address("0:0:0:0:0:0:0:1"), "::1");
    EXPECT_EQ(canonical_address("FD00::0005"), "fd00::5");
    EXPECT_EQ(canonical_address("no address"), "no address");
}

}  // namespace
}  // namespace remit::control
