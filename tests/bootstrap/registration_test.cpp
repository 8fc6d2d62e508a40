// What ranks say of themselves: taken in each form, refused with the field's name.

#include "bootstrap/registration.hpp"

#include "recorded.hpp"
#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace remit::bootstrap::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

TEST(Registration, PlacesNamedOneByOne) {
    const Registration one = registration_of(places(3, 1, "10.0.0.5", 40000));
    EXPECT_TRUE(one.sends);
    EXPECT_EQ(one.rank, (RankId{3, 1, 0}));
    EXPECT_EQ(one.sizes, (RankSizes{4, 2, 1}));
    EXPECT_EQ(one.peer, (Peer{"10.0.0.5", 40000}));
    EXPECT_FALSE(one.lifetime);
}

TEST(Registration, WhereTheSystemNumbersGroupsItsNumberCounts) {
    const Registration one = registration_of(kSystemRank);
    EXPECT_EQ(one.rank, (RankId{1, 5, 1}));
    EXPECT_EQ(one.sizes, (RankSizes{2, 8, 2}));
}

TEST(Registration, OneNumberForAllRanksIsSplitIntoGroups) {
    const Registration one = registration_of(kEngineRank);
    EXPECT_EQ(one.rank, (RankId{2, 1, 0}));
    EXPECT_EQ(one.sizes, (RankSizes{8, 2, 1}));
    EXPECT_EQ(one.peer, (Peer{"10.0.0.7", 40001}));
    Json renamed = Json::parse(kEngineRank);
    renamed["world_size"] = renamed["tp_size"];
    renamed["rank_port"] = "40001";
    renamed.erase("tp_size");
    EXPECT_EQ(registration_of(renamed.dump()).rank, (RankId{2, 1, 0}));
    EXPECT_EQ(registration_of(renamed.dump()).peer.port, 40001);
}

TEST(Registration, IsWhatItWrites) {
    const Registration said{true, {1, 0, 2}, {2, 1, 3}, {"fd00::5", 7700, std::string(40, 'k')}, std::chrono::seconds(30)};
    const Registration read = registration_of(to_json(said));
    EXPECT_EQ(read.rank, said.rank);
    EXPECT_EQ(read.sizes, said.sizes);
    EXPECT_EQ(read.peer, said.peer);
    EXPECT_EQ(read.lifetime, said.lifetime);
    EXPECT_EQ(peer_of(to_json(said.peer)), said.peer);
}

/// What is said of a recorded request with one field changed; null: taken away.
std::string refused(const char* field, const Json& value) {
    Json json = Json::parse(places(0, 0, "10.0.0.5", 40000));
    json[field] = value;
    if (value.is_null()) json.erase(field);
    return refusal([&] { static_cast<void>(registration_of(json.dump())); });
}

TEST(Registration, WhatIsWrongIsNamed) {
    for (const char* field : {"role", "attn_tp_size", "attn_tp_rank", "attn_dp_size", "attn_dp_rank", "pp_size", "pp_rank",
                              "system_dp_size", "rank_ip", "rank_port"}) {
        EXPECT_THAT(refused(field, nullptr), HasSubstr(std::string("field ") + field + " is missing"));
    }
    EXPECT_THAT(refused("attn_tp_rank", 4), HasSubstr("attn_tp_rank is 4; permitted: 0 to 3"));
    EXPECT_THAT(refused("attn_tp_rank", -1), HasSubstr("attn_tp_rank is -1"));
    EXPECT_THAT(refused("attn_tp_size", 0), HasSubstr("attn_tp_size is 0; permitted: 1 to 65536"));
    EXPECT_THAT(refused("attn_tp_size", 65537), HasSubstr("attn_tp_size"));
    EXPECT_THAT(refused("attn_dp_rank", 2), HasSubstr("attn_dp_rank"));
    EXPECT_THAT(refused("pp_rank", 1.5), HasSubstr("pp_rank is 1.5"));
    EXPECT_THAT(refused("role", 5), HasSubstr("field role is no string"));
    EXPECT_THAT(refused("rank_port", 0), HasSubstr("rank_port is 0; permitted: 1 to 65535"));
    EXPECT_THAT(refused("rank_port", "80x"), HasSubstr("rank_port"));
    EXPECT_THAT(refused("rank_ip", "worker.example"), HasSubstr("not numeric"));
    EXPECT_THAT(refused("rank_ip", "10.0.0.5\r\nX: y"), HasSubstr("not numeric"));
    EXPECT_THAT(refused("public_key", "short"), HasSubstr("public key"));
    EXPECT_THAT(refused("public_key", std::string(40, ' ')), HasSubstr("public key"));
    EXPECT_THAT(refused("ttl_seconds", 0), HasSubstr("ttl_seconds is 0; permitted: 1 to 86400"));
}

TEST(Registration, WhatIsNoObjectIsRefused) {
    for (const std::string& body : {std::string(), std::string("[]"), std::string("5"), std::string("{"),
                                    std::string("\xff\xfe"), std::string(20000, '['), std::string(1, '\0')}) {
        EXPECT_THAT(refusal([&] { static_cast<void>(registration_of(body)); }), HasSubstr("no JSON object"));
    }
    Json json = Json::parse(kEngineRank);
    json["dp_size"] = 3;
    EXPECT_THAT(refusal([&] { static_cast<void>(registration_of(json.dump())); }),
                HasSubstr("dp_size is 3; permitted: a divisor of all ranks, 8"));
}

}  // namespace
}  // namespace remit::bootstrap::test
