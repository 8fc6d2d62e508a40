// The table behind /route: recorded requests and the replies they must get, limits, and entries that end.

#include "bootstrap/route_table.hpp"

#include "recorded.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace remit::bootstrap::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using std::chrono::seconds;

const RouteTable::Time kStart{};

class Table : public testing::Test {
protected:
    RouteReply put(const std::string& body, seconds at = seconds(0)) { return table_.put(body, kStart + at); }
    RouteReply get(const RouteQuery& query, seconds at = seconds(0)) { return table_.get(query, kStart + at); }

    RouteTable table_{RouteLimits{}};
};

TEST_F(Table, ARankIsFoundByItsPlace) {
    EXPECT_EQ(put(places(3, 1, "10.0.0.5", 40000)).status, 200);
    EXPECT_EQ(put(places(2, 1, "10.0.0.6", 40001)).body, "OK");
    const RouteReply reply = get({"3", "1", "0"});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.type, "application/json");
    EXPECT_EQ(Json::parse(reply.body), Json::parse(R"({"rank_ip": "10.0.0.5", "rank_port": 40000})"));
    EXPECT_EQ(Json::parse(get({"2", "1", "0"}).body)["rank_ip"], "10.0.0.6");
}

TEST_F(Table, ARankThatRegistersAgainHasMoved) {
    EXPECT_EQ(put(places(0, 0, "10.0.0.5", 40000)).status, 200);
    EXPECT_EQ(put(places(0, 0, "10.0.0.5", 40009)).status, 200);
    EXPECT_EQ(table_.ranks(), 1U);
    EXPECT_EQ(Json::parse(get({"0", "0", "0"}).body)["rank_port"], 40009);
}

TEST_F(Table, MinusOneAsksHowManyThereAre) {
    EXPECT_TRUE(Json::parse(get({"-1", "-1", "-1"}).body)["prefill_attn_tp_size"].is_null());
    EXPECT_EQ(put(kSystemRank).status, 200);
    const RouteReply reply = get({"-1", "-1", "-1"});
    EXPECT_EQ(reply.status, 200);
    const Json json = Json::parse(reply.body);
    EXPECT_EQ(json["prefill_attn_tp_size"], 2);
    EXPECT_EQ(json["prefill_dp_size"], 8);
    EXPECT_EQ(json["prefill_pp_size"], 2);
}

TEST_F(Table, OlderRequestsKnowNoPipelineRanks) {
    EXPECT_EQ(put(kEngineRank).status, 200);
    EXPECT_EQ(Json::parse(get({"2", "1", ""}).body), Json::parse(R"({"rank_ip": "10.0.0.7", "rank_port": 40001})"));
    const Json sizes = Json::parse(get({"-1", "-1", ""}).body);
    EXPECT_EQ(sizes["prefill_tp_size"], 8);
    EXPECT_EQ(sizes["prefill_dp_size"], 2);
}

TEST_F(Table, WhoReceivesIsNotKept) {
    Json json = Json::parse(places(0, 0, "10.0.0.5", 40000));
    json["role"] = "Decode";
    EXPECT_EQ(put(json.dump()).body, "OK");
    EXPECT_EQ(table_.ranks(), 0U);
    EXPECT_EQ(get({"0", "0", "0"}).status, 404);
}

TEST_F(Table, UnknownFieldsAreTakenAndAKeyIsHandedOn) {
    const std::string key(40, 'k');
    EXPECT_EQ(put(places(0, 0, "10.0.0.5", 40000, R"(, "page_size": 64, "public_key": ")" + key + "\"")).status, 200);
    const Json json = Json::parse(get({"0", "0", "0"}).body);
    EXPECT_EQ(json["public_key"], key);
    EXPECT_FALSE(json.contains("page_size"));
}

TEST_F(Table, QueriesThatMakeNoSenseAreToldSo) {
    EXPECT_EQ(get({"", "0", "0"}).status, 400);
    EXPECT_EQ(get({"0", "", "0"}).body, "Missing inputs for bootstrap server.");
    EXPECT_EQ(get({"0", "0", "0"}).status, 404);
    EXPECT_EQ(get({"0", "0", "0"}).body, "Bootstrap info not Found");
    for (const RouteQuery& query : {RouteQuery{"x", "0", "0"}, RouteQuery{"0", "65536", "0"}, RouteQuery{"0", "0", "-2"},
                                    RouteQuery{"1 ", "0", "0"}, RouteQuery{"-1", "0", "0"}, RouteQuery{"-1", "-1", "0"},
                                    RouteQuery{"99999999999999999999", "0", "0"}}) {
        EXPECT_EQ(get(query).status, 400) << query.engine_rank << " " << query.target_dp_group << " " << query.target_pp_rank;
    }
}

TEST_F(Table, BadRegistrationsChangeNothing) {
    EXPECT_EQ(put("{}").status, 400);
    EXPECT_THAT(put("{}").body, HasSubstr("role"));
    EXPECT_EQ(put(places(9, 0, "10.0.0.5", 40000)).status, 400);
    EXPECT_EQ(put(std::string((64U << 10) + 1, ' ')).status, 413);
    EXPECT_EQ(table_.ranks(), 0U);
}

TEST_F(Table, AnEntryEndsUnlessItIsSaidAgain) {
    const std::string body = places(0, 0, "10.0.0.5", 40000, R"(, "ttl_seconds": 30)");
    EXPECT_EQ(put(body).status, 200);
    EXPECT_EQ(put(places(1, 0, "10.0.0.6", 40000)).status, 200);
    EXPECT_EQ(get({"0", "0", "0"}, seconds(29)).status, 200);
    EXPECT_EQ(put(body, seconds(29)).status, 200);
    EXPECT_EQ(get({"0", "0", "0"}, seconds(58)).status, 200);
    EXPECT_EQ(get({"0", "0", "0"}, seconds(59)).status, 404);
    EXPECT_EQ(get({"1", "0", "0"}, std::chrono::hours(1000)).status, 200) << "without a time to live it stays";
}

TEST(TableLimits, AFullTableTakesKnownRanksAloneUntilOneEnds) {
    RouteTable table(RouteLimits{.ranks = 2});
    EXPECT_EQ(table.put(places(0, 0, "10.0.0.5", 1, R"(, "ttl_seconds": 5)"), kStart).status, 200);
    EXPECT_EQ(table.put(places(1, 0, "10.0.0.5", 2), kStart).status, 200);
    const RouteReply full = table.put(places(2, 0, "10.0.0.5", 3), kStart);
    EXPECT_EQ(full.status, 503);
    EXPECT_THAT(full.body, HasSubstr("2 ranks"));
    EXPECT_EQ(table.put(places(1, 0, "10.0.0.5", 4), kStart).status, 200);
    EXPECT_EQ(table.put(places(2, 0, "10.0.0.5", 3), kStart + seconds(5)).status, 200);
}

}  // namespace
}  // namespace remit::bootstrap::test
