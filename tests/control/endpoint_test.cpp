#include <gtest/gtest.h>
#include <remit/error.hpp>

#include <string>
#include <vector>

#include "control/channel.hpp"

namespace remit::control {
namespace {

struct Row {
    std::string text;
    std::string names;  ///< what the refusal must mention
};

TEST(Endpoint, WhatIsPermitted) {
    EXPECT_EQ(parse_endpoint("tcp://10.0.0.5:7700"), (Endpoint{"10.0.0.5", 7700}));
    EXPECT_EQ(parse_endpoint("tcp://127.0.0.1:0"), (Endpoint{"127.0.0.1", 0}));
    EXPECT_EQ(parse_endpoint("tcp://[::1]:65535"), (Endpoint{"::1", 65535}));
    EXPECT_EQ(parse_endpoint("tcp://[fd00::5]:1"), (Endpoint{"fd00::5", 1}));
    EXPECT_EQ(parse_endpoint("tcp://*:7700"), (Endpoint{"*", 7700}));
    EXPECT_EQ(parse_endpoint("tcp://0.0.0.0:7700"), (Endpoint{"0.0.0.0", 7700}));
}

TEST(Endpoint, WhatIsRefusedSaysWhy) {
    const std::vector<Row> rows{
        {"", "tcp://"},
        {"10.0.0.5:7700", "begin with tcp://"},
        {"udp://10.0.0.5:7700", "begin with tcp://"},
        {"TCP://10.0.0.5:7700", "begin with tcp://"},
        {"tcp://", "no port"},
        {"tcp://10.0.0.5", "no port"},
        {"tcp://:7700", "no address"},
        {"tcp://10.0.0.5:", "0 to 65535"},
        {"tcp://10.0.0.5:65536", "65536"},
        {"tcp://10.0.0.5:-1", "-1"},
        {"tcp://10.0.0.5:+1", "+1"},
        {"tcp://10.0.0.5:77a", "77a"},
        {"tcp://10.0.0.5: 77", "0 to 65535"},
        {"tcp://10.0.0.5:000077", "0 to 65535"},
        {"tcp://10.0.0.5:99999999999999999999", "0 to 65535"},
        {"tcp://10.0.0.256:7700", "10.0.0.256"},
        {"tcp://localhost:7700", "not looked up"},
        {"tcp://fd00::5:7700", "brackets"},
        {"tcp://[fd00::5:7700", "["},
        {"tcp://[10.0.0.5]:7700", "no IPv6 address"},
        {"tcp://[]:7700", "no IPv6 address"},
        {"tcp://[fd00::5]", "["},
        {"tcp://[fe80::1%eth0]:7700", "no IPv6 address"},
        {"tcp://10.0.0.5:7700\n", "0 to 65535"},
        {std::string("tcp://10.0.0.5\0:7700", 20), "numeric"},
    };
    for (const Row& row : rows) {
        try {
            static_cast<void>(parse_endpoint(row.text));
            ADD_FAILURE() << "accepted: " << row.text;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::bad_argument) << row.text;
            EXPECT_NE(std::string(error.what()).find(row.names), std::string::npos) << error.what();
            EXPECT_NE(std::string(error.what()).find("permitted"), std::string::npos) << error.what();
        }
    }
}

TEST(Endpoint, AHugeTextIsNotRepeatedInFull) {
    try {
        static_cast<void>(parse_endpoint(std::string(1000000, 'x')));
        ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
        EXPECT_LT(std::string(error.what()).size(), 500U);
    }
}

TEST(Endpoint, FormatIsTheInverseOfParse) {
    for (const char* text : {"tcp://10.0.0.5:7700", "tcp://[::1]:1", "tcp://[fd00::5]:65535"}) {
        const Endpoint endpoint = parse_endpoint(text);
        EXPECT_EQ(format_endpoint(endpoint.ip, endpoint.port), text);
    }
}

}  // namespace
}  // namespace remit::control
