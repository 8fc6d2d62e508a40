// /route over HTTP on loopback: the server with recorded requests, the client with the server, both without the other.

#include "bootstrap/route_server.hpp"

#include "bootstrap/directory.hpp"
#include "bootstrap/http.hpp"
#include "bootstrap/publication.hpp"
#include "recorded.hpp"
#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace remit::bootstrap::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

class Server : public testing::Test {
protected:
    HttpReply ask(const std::string& method, const std::string& path, const std::string& body = "") const {
        return http_request(url_of(server_->url()), method, path, body, std::chrono::seconds(5));
    }
    /// A new one at the same address, with an empty table.
    void restart() {
        const Url at = url_of(server_->url());
        server_.reset();
        server_ = std::make_unique<RouteServer>(at);
    }

    std::unique_ptr<RouteServer> server_ = std::make_unique<RouteServer>(listen_address_of("127.0.0.1:0"));
};

TEST_F(Server, AnswersRecordedRequests) {
    EXPECT_EQ(ask("PUT", "/route", places(3, 1, "10.0.0.5", 40000)).body, "OK");
    const HttpReply found = ask("GET", "/route?engine_rank=3&target_dp_group=1&target_pp_rank=0");
    EXPECT_EQ(found.status, 200);
    EXPECT_EQ(Json::parse(found.body), Json::parse(R"({"rank_ip": "10.0.0.5", "rank_port": 40000})"));
    EXPECT_EQ(Json::parse(ask("GET", "/route?engine_rank=-1&target_dp_group=-1&target_pp_rank=-1").body)["prefill_dp_size"], 2);
    EXPECT_EQ(ask("GET", "/route?engine_rank=3&target_dp_group=1").status, 200);
    EXPECT_EQ(ask("GET", "/route?engine_rank=0&target_dp_group=1&target_pp_rank=0").status, 404);
    EXPECT_EQ(ask("GET", "/route").status, 400);
    EXPECT_EQ(ask("GET", "/health").body, "OK");
    EXPECT_EQ(ask("POST", "/route", "{}").status, 405);
    EXPECT_EQ(ask("GET", "/elsewhere").status, 404);
    EXPECT_EQ(server_->ranks(), 1U);
}

TEST_F(Server, RefusesWhatIsTooLargeOrNoRegistration) {
    EXPECT_EQ(ask("PUT", "/route", std::string(100'000, ' ')).status, 413);
    EXPECT_EQ(ask("PUT", "/route", "no json").status, 400);
    EXPECT_EQ(ask("GET", "/route?engine_rank=%00%ff&target_dp_group=0").status, 400);
    EXPECT_EQ(ask("GET", "/route?engine_rank=" + std::string(5000, '1') + "&target_dp_group=0").status, 400);
    EXPECT_EQ(server_->ranks(), 0U);
}

TEST_F(Server, ItsPortIsItsOwn) {
    EXPECT_THAT(refusal([&] { RouteServer second(url_of(server_->url())); }), HasSubstr("listening on 127.0.0.1:"));
    EXPECT_THAT(refusal([] { RouteServer elsewhere(listen_address_of("192.0.2.1:8998")); }), HasSubstr("192.0.2.1:8998"));
}

TEST_F(Server, AClientRegistersAndLooksUp) {
    const auto directory = open_directory(server_->url());
    EXPECT_EQ(directory->find({1, 2, 3}), std::nullopt);
    const Peer peer{"fd00::5", 7700, std::string(40, 'k')};
    directory->publish({1, 2, 3}, {2, 3, 4}, peer, std::chrono::seconds(30));
    EXPECT_EQ(directory->find({1, 2, 3}), peer);
    EXPECT_EQ(directory->find({1, 2, 0}), std::nullopt);
    EXPECT_THAT(refusal([&] { directory->publish({5, 0, 0}, {2, 1, 1}, peer, std::chrono::seconds(30)); }),
                AllOf(HasSubstr("status 400"), HasSubstr("attn_tp_rank is 5")));
}

TEST_F(Server, AServerThatIsGoneIsNamed) {
    const std::string url = server_->url();
    server_.reset();
    const auto directory = open_directory(url);
    EXPECT_THAT(refusal([&] { static_cast<void>(directory->find({})); }), AllOf(HasSubstr(url.substr(7)), HasSubstr("nobody listens there")));
    EXPECT_THAT(refusal([&] {
                    static_cast<void>(wait_for_peer(*directory, {}, std::chrono::milliseconds(0), [](auto) { return true; }));
                }),
                AllOf(StartsWith("no embedding worker of rank (tp 0, dp 0, pp 0) at " + url), HasSubstr("within 0 ms")));
}

TEST_F(Server, APublicationIsThereAgainAfterARestart) {
    const Peer peer{"127.0.0.1", 7700};
    const Publication publication(open_directory(server_->url()), peer, {.lifetime = std::chrono::seconds(1)});
    const auto directory = open_directory(server_->url());
    EXPECT_EQ(directory->find({}), peer);
    restart();
    EXPECT_TRUE(comes_true([&] { return directory->find({}) == peer; }));
}

TEST_F(Server, AWaitEndsWhenTheRankComesOrWhenItIsAskedTo) {
    const auto directory = open_directory(server_->url());
    const Peer peer{"127.0.0.1", 7700};
    int waits = 0;
    const Peer found = wait_for_peer(*directory, {}, std::chrono::minutes(1), [&](std::chrono::milliseconds) {
        if (++waits == 2) directory->publish({}, {}, peer, std::chrono::seconds(30));
        return true;
    });
    EXPECT_EQ(found, peer);
    EXPECT_EQ(waits, 2);
    EXPECT_THAT(refusal([&] {
                    static_cast<void>(wait_for_peer(*directory, {7, 0, 0}, std::chrono::minutes(1), [](auto) { return false; }));
                }),
                HasSubstr("it knows no such rank"));
}

}  // namespace
}  // namespace remit::bootstrap::test
