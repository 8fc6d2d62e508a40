// Lookups in a real etcd.

#include "etcd_server.hpp"

#include "bootstrap/base64.hpp"
#include "bootstrap/directory.hpp"
#include "bootstrap/http.hpp"
#include "bootstrap/publication.hpp"
#include "bootstrap/registration.hpp"
#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace remit::bootstrap::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using std::chrono::seconds;

const Peer kPeer{"10.0.0.5", 7700, std::string(40, 'k')};

/// One etcd for all of these, each with a prefix of its own.
class Etcd : public testing::Test {
protected:
    static void SetUpTestSuite() { server_ = new EtcdServer; }
    static void TearDownTestSuite() {
        delete server_;
        server_ = nullptr;
    }
    void SetUp() override { ASSERT_TRUE(answers()) << server_->log(); }

    static std::unique_ptr<Directory> opened(const std::string& prefix) { return open_directory(server_->url(prefix)); }
    static std::string lookup(const std::string& prefix) {
        return refusal([&] { static_cast<void>(opened(prefix)->find({})); });
    }
    static bool answers() {
        return comes_true([] { return lookup("ready") == "(accepted)"; });
    }

    static EtcdServer* server_;
};

EtcdServer* Etcd::server_ = nullptr;

TEST_F(Etcd, ARankIsFoundUnderItsPrefixAlone) {
    const auto writer = opened("one");
    writer->publish({1, 2, 3}, {2, 3, 4}, kPeer, seconds(60));
    EXPECT_EQ(opened("one")->find({1, 2, 3}), kPeer);
    EXPECT_EQ(opened("one")->find({1, 2, 0}), std::nullopt);
    EXPECT_EQ(opened("other")->find({1, 2, 3}), std::nullopt);
    writer->publish({1, 2, 3}, {2, 3, 4}, kPeer, seconds(60));
    EXPECT_EQ(opened("one")->find({1, 2, 3}), kPeer);
    Peer moved = kPeer;
    moved.port = 7701;
    writer->publish({1, 2, 3}, {2, 3, 4}, moved, seconds(60));
    EXPECT_EQ(opened("one")->find({1, 2, 3}), moved);
}

TEST_F(Etcd, WhoWithdrawsIsGone) {
    const auto writer = opened("withdrawn");
    writer->publish({}, {}, kPeer, seconds(60));
    ASSERT_EQ(opened("withdrawn")->find({}), kPeer);
    EXPECT_EQ(writer->withdraw(), "");
    EXPECT_EQ(opened("withdrawn")->find({}), std::nullopt);
}

TEST_F(Etcd, AnEntryThatIsNotSaidAgainEnds) {
    opened("ended")->publish({}, {}, kPeer, seconds(1));
    EXPECT_TRUE(comes_true([&] { return !opened("ended")->find({}); })) << "the lease of who is gone must end";
}

TEST_F(Etcd, APublicationIsSaidAgainAndEndsWithItself) {
    const auto writer = opened("kept");
    writer->publish({}, {}, kPeer, seconds(60));
    EXPECT_EQ(writer->withdraw(), "");
    {
        const Publication publication(opened("kept"), kPeer, {.lifetime = std::chrono::seconds(1)});
        ASSERT_EQ(opened("kept")->find({}), kPeer);
        // The lease is taken away behind its back: it asks for a new one.
        const nlohmann::json key{{"key", base64_of("kept/ranks/0/0/0")}};
        const auto range = nlohmann::json::parse(http_request(url_of(server_->url("")), "POST", "/v3/kv/range", key.dump(), seconds(5)).body);
        const nlohmann::json lease{{"ID", range["kvs"][0]["lease"]}};
        ASSERT_EQ(http_request(url_of(server_->url("")), "POST", "/v3/lease/revoke", lease.dump(), seconds(5)).status, 200);
        EXPECT_TRUE(comes_true([&] { return opened("kept")->find({}) == kPeer; }));
    }
    EXPECT_EQ(opened("kept")->find({}), std::nullopt);
}

TEST_F(Etcd, AValueThatMakesNoSenseIsToldWithItsKey) {
    const auto put = [&](const std::string& value) {
        const nlohmann::json body{{"key", base64_of("strange/ranks/0/0/0")}, {"value", base64_of(value)}};
        ASSERT_EQ(http_request(url_of(server_->url("")), "POST", "/v3/kv/put", body.dump(), seconds(5)).status, 200);
    };
    put("nonsense");
    EXPECT_THAT(lookup("strange"), AllOf(HasSubstr("strange/ranks/0/0/0"), HasSubstr("no JSON object")));
    put(to_json(Registration{true, {1, 0, 0}, {2, 1, 1}, kPeer, std::nullopt}));
    EXPECT_THAT(lookup("strange"), HasSubstr("tp 1"));
}

TEST_F(Etcd, LossAndReturnOfEtcdAreWaitedOut) {
    const Publication publication(opened("lost"), kPeer, {.lifetime = std::chrono::seconds(1)});
    server_->kill();
    EXPECT_THAT(lookup("lost"), HasSubstr("/v3/kv/range"));
    server_->start();
    ASSERT_TRUE(answers()) << server_->log();
    EXPECT_TRUE(comes_true([&] { return opened("lost")->find({}) == kPeer; }));
}

}  // namespace
}  // namespace remit::bootstrap::test
