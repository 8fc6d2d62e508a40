// Endpoints, addresses of directories, base64.

#include "bootstrap/peer.hpp"

#include "bootstrap/base64.hpp"
#include "bootstrap/directory.hpp"
#include "bootstrap/url.hpp"
#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remit::bootstrap::test {
namespace {

using ::testing::HasSubstr;

TEST(Peers, AreEndpoints) {
    for (const char* endpoint : {"tcp://10.0.0.5:7700", "tcp://[fd00::5]:65535", "tcp://127.0.0.1:1"}) {
        EXPECT_EQ(endpoint_of(peer_at(endpoint)), endpoint);
    }
    EXPECT_EQ(peer_at("tcp://[fd00::5]:7700"), (Peer{"fd00::5", 7700}));
    for (const char* wrong : {"", "tcp://", "10.0.0.5:7700", "tcp://10.0.0.5", "tcp://10.0.0.5:", "tcp://10.0.0.5:0",
                              "tcp://10.0.0.5:65536", "tcp://10.0.0.5:7x", "tcp://host:7700", "http://10.0.0.5:7700"}) {
        EXPECT_THAT(refusal([&] { static_cast<void>(peer_at(wrong)); }), HasSubstr("permitted: tcp://ADDRESS:PORT")) << wrong;
    }
}

TEST(Urls, HaveSchemeHostPortAndPath) {
    const Url url = url_of("etcd://[fd00::1]:2379/remit/a-1/");
    EXPECT_EQ(url.scheme, "etcd");
    EXPECT_EQ(url.host, "fd00::1");
    EXPECT_EQ(url.port, 2379);
    EXPECT_EQ(url.path, "remit/a-1");
    EXPECT_EQ(url.authority(), "[fd00::1]:2379");
    EXPECT_EQ(url_of("http://host-1.example:80").path, "");
    EXPECT_EQ(listen_address_of("127.0.0.1:0").port, 0);
    for (const char* wrong : {"", "http://", "http://host", "http://host:", "http://host:0", "http://host:65536",
                              "http://:80", "http://a b:80", "http://host:80/a b", "http://fd00::1:80", "host:80",
                              "http://host:80/?x", "http://user@host:80"}) {
        EXPECT_NE(refusal([&] { static_cast<void>(url_of(wrong)); }), "(accepted)") << wrong;
    }
}

TEST(Directories, AreNamedByTheirScheme) {
    EXPECT_EQ(open_directory("http://127.0.0.1:8998/")->name(), "http://127.0.0.1:8998");
    EXPECT_EQ(open_directory("etcd://127.0.0.1:2379")->name(), "etcd://127.0.0.1:2379/remit");
    EXPECT_EQ(open_directory("etcd://127.0.0.1:2379/a/b")->name(), "etcd://127.0.0.1:2379/a/b");
    for (const char* wrong : {"https://127.0.0.1:1", "http://127.0.0.1:1/path", "ftp://127.0.0.1:1", "127.0.0.1:1"}) {
        EXPECT_THAT(refusal([&] { static_cast<void>(open_directory(wrong)); }), HasSubstr("permitted: ")) << wrong;
    }
}

TEST(Base64, GoesBothWays) {
    EXPECT_EQ(base64_of("f"), "Zg==");
    EXPECT_EQ(base64_of("fo"), "Zm8=");
    EXPECT_EQ(base64_of("foobar"), "Zm9vYmFy");
    std::string all;
    for (int value = 0; value < 256; ++value) {
        EXPECT_EQ(bytes_of_base64(base64_of(all)), all);
        all += static_cast<char>(value);
    }
    for (const char* wrong : {"Z", "Zg=", "Zg", "Z===", "====", "Zm9v\n", "Zm=v", "Zm9-", "=Zm9"}) {
        EXPECT_EQ(bytes_of_base64(wrong), std::nullopt) << wrong;
    }
}

}  // namespace
}  // namespace remit::bootstrap::test
