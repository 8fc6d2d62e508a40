#include "message_samples.hpp"
#include "protocol/codec.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <string>

namespace remit::protocol {
namespace {

using Json = nlohmann::json;

/// The permitted length and characters of what goes into a log.
void expect_loggable(const DecodeError& error) {
    EXPECT_LE(error.detail.size(), 250u) << error.detail;
    EXPECT_FALSE(error.detail.empty());
    for (const char c : error.detail) EXPECT_TRUE(c >= ' ' && c <= '~') << error.detail;
}

template <class Decoded>
void expect_fault(const Decoded& decoded, DecodeFault fault, const std::string& what) {
    ASSERT_FALSE(decoded) << what << " is accepted";
    EXPECT_EQ(decoded.error().fault, fault)
        << what << ": " << to_string(decoded.error().fault) << ", " << decoded.error().detail;
    expect_loggable(decoded.error());
}

const Frames kInit{"9", "10.0.0.5", "7700", "1.2.3.4", "0,1,7", "1", "1024"};
const Frames kResume{"9", "10.0.0.5", "7700", "1.2.3.4", "0,1,7", "1", "1024", "976"};
const Frames kStatus{"9", "3", "1", "1024", "2000", "why", "1.2.3.4"};
const Frames kAborted{"9", "aborted", "2", "1.2.3.4"};
const Frames kAbort{"9", "10.0.0.5", "7700", "1.2.3.4", "abort"};
const Frames kPing{"None", "ping", "10.0.0.5", "7700", "1.2.3.4", "1", "2"};
const Frames kPong{"None", "pong", "10.0.0.5", "7700", "1.2.3.4", "1", "2", "3"};
const Frames kClose{"None", "close", "10.0.0.5", "7700", "1.2.3.4", "why"};

struct Malformed {
    const Frames& message;
    std::size_t frame;
    std::string value;
    DecodeFault fault;
    bool to_language = false;
};

TEST(CodecMalformed, EachBadFrameHasItsFault) {
    using enum DecodeFault;
    const std::string million(1'000'000, '7');
    const std::string two_64 = "18446744073709551616";
    const std::string two_63 = "9223372036854775808";
    const Malformed table[] = {
        {kInit, 0, "", not_a_number},
        {kInit, 0, "-1", not_a_number},
        {kInit, 0, "+1", not_a_number},
        {kInit, 0, " 1", not_a_number},
        {kInit, 0, "1 ", not_a_number},
        {kInit, 0, "0x10", not_a_number},
        {kInit, 0, "1e3", not_a_number},
        {kInit, 0, "none", not_a_number},
        {kInit, 0, "NaN", not_a_number},
        {kInit, 0, "\xd9\xa1\xd9\xa2", not_a_number},
        {kInit, 0, std::string("1\0", 2), not_a_number},
        {kInit, 0, std::string(400, '9'), out_of_range},
        {kInit, 0, std::string(400, '0'), out_of_range},
        {kInit, 0, million, out_of_range},
        {kInit, 0, two_64, out_of_range},
        {kInit, 0, two_63, out_of_range},
        {kInit, 1, "", frame_size},
        {kInit, 1, std::string(65, '1'), frame_size},
        {kInit, 1, million, frame_size},
        {kInit, 1, "10.0.0.5;reboot", unknown_word},
        {kInit, 1, "localhost", unknown_word},
        {kInit, 1, "\xff\xfe", unknown_word},
        {kInit, 2, "", not_a_number},
        {kInit, 2, "0", out_of_range},
        {kInit, 2, "65536", out_of_range},
        {kInit, 2, "-1", not_a_number},
        {kInit, 3, "", not_a_number},
        {kInit, 3, "1.2.3", not_a_number},
        {kInit, 3, "1.2.3.4.5", not_a_number},
        {kInit, 3, "1..3.4", not_a_number},
        {kInit, 3, ".2.3.4", not_a_number},
        {kInit, 3, "1.2.3.", not_a_number},
        {kInit, 3, "1.2.3.x", not_a_number},
        {kInit, 3, "1.2.3." + two_64, out_of_range},
        {kInit, 3, std::string(1'000'000, '.'), not_a_number},
        {kInit, 3, "1.2.0.4", out_of_range},
        {kResume, 3, "1.2.0.4", out_of_range},
        {kAbort, 3, "1.2.0.4", out_of_range},
        {kInit, 4, "1,,2", not_a_number},
        {kInit, 4, "1,2,", not_a_number},
        {kInit, 4, ",1", not_a_number},
        {kInit, 4, ",", not_a_number},
        {kInit, 4, "1, 2", not_a_number},
        {kInit, 4, "1;2", not_a_number},
        {kInit, 4, "1,-2", not_a_number},
        {kInit, 4, "4294967296", out_of_range},
        {kInit, 4, million, out_of_range},
        {kInit, 4, std::string(1 << 20, ','), frame_size},
        {kInit, 5, "0", out_of_range},
        {kInit, 5, "65537", out_of_range},
        {kInit, 5, "", not_a_number},
        {kInit, 6, "", not_a_number},
        {kInit, 6, "-976", not_a_number},
        {kInit, 6, two_64, out_of_range},
        {kResume, 6, "1.0", not_a_number},
        {kResume, 7, two_64, out_of_range},
        {kAbort, 4, "Abort", unknown_word},
        {kAbort, 4, "", unknown_word},
        {kAbort, 4, million, unknown_word},
        {kPing, 5, "", not_a_number},
        {kPing, 6, two_64, out_of_range},
        {kPong, 7, "x", not_a_number},
        {kClose, 5, std::string(1025, 'x'), frame_size},
        {kClose, 3, "0", out_of_range},
        {kStatus, 0, two_63, out_of_range, true},
        {kStatus, 1, "5", out_of_range, true},
        {kStatus, 1, "Success", not_a_number, true},
        {kStatus, 2, "-1", not_a_number, true},
        {kStatus, 4, "", not_a_number, true},
        {kStatus, 5, std::string(1025, 'x'), frame_size, true},
        {kStatus, 6, "1.2.3", not_a_number, true},
        {kAborted, 1, "drained", unknown_word, true},
        {kAborted, 2, "-2", not_a_number, true},
        {kAborted, 2, "", not_a_number, true},
        {kAborted, 3, "", not_a_number, true},
        {kPing, 6, "-2", not_a_number, true},
        {kPong, 4, "1.2.3.4.5", not_a_number, true},
    };
    for (const Malformed& row : table) {
        Frames frames = row.message;
        frames[row.frame] = row.value;
        const std::string what =
            row.message[0] + " frame " + std::to_string(row.frame) + " \"" + row.value.substr(0, 30) + "\"";
        if (row.to_language) {
            ASSERT_TRUE(decode_for_language(row.message));
            expect_fault(decode_for_language(frames), row.fault, what);
        } else {
            ASSERT_TRUE(decode_for_embedding(row.message));
            expect_fault(decode_for_embedding(frames), row.fault, what);
        }
    }
}

TEST(CodecMalformed, OtherNumbersOfFramesAreNoMessage) {
    using enum DecodeFault;
    for (std::size_t count = 0; count < 20; ++count) {
        const Frames frames(count, "1");
        const std::string what = std::to_string(count) + " frames";
        if (count < 5 || count > 8) expect_fault(decode_for_embedding(frames), frame_count, what);
        if (count != 4 && (count < 7 || count > 9)) expect_fault(decode_for_language(frames), frame_count, what);
    }
    for (const Frames& good : {kPing, kPong, kClose}) {
        Frames longer = good;
        longer.emplace_back("1");
        Frames shorter = good;
        shorter.pop_back();
        expect_fault(decode_for_embedding(longer), frame_count, good[1]);
        expect_fault(decode_for_embedding(shorter), frame_count, good[1]);
    }
    expect_fault(decode_for_embedding(Frames{"None"}), frame_count, "None alone");
    expect_fault(decode_for_language(Frames{"None"}), frame_count, "None alone");
    expect_fault(decode_for_embedding(Frames(100'000, "None")), version, "a message of 100000 frames");
}

TEST(CodecMalformed, WhatMayFollowAStatusAndAnAbort) {
    using enum DecodeFault;
    const auto status = [](const std::string& answer, const std::string& checksums) {
        Frames frames = kStatus;
        frames.push_back(answer);
        frames.push_back(checksums);
        return decode_for_language(frames);
    };
    EXPECT_TRUE(status("never", "1,2,4294967295"));
    EXPECT_TRUE(status("", "0"));
    expect_fault(status("perhaps", "1"), unknown_word, "an answer of no kind");
    expect_fault(status("none", "1"), unknown_word, "what stands for nothing is told by nothing");
    expect_fault(status("never", ""), not_a_number, "no checksums");
    expect_fault(status("never", "1,"), not_a_number, "a comma too many");
    expect_fault(status("never", "4294967296"), out_of_range, "a checksum of 33 bits");
    expect_fault(status("never", "1,2,3,4,5,6,7,8,9"), frame_size, "more checksums than segments");
    Frames abort = kAbort;
    abort.emplace_back(2000, 'x');
    expect_fault(decode_for_embedding(abort), frame_size, "a reason that is too long");
}

/// A good REGISTER, one field of whose JSON each test spoils.
class RegisterJson : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(decode_for_embedding(good)) << decode_for_embedding(good).error().detail; }

    tl::expected<ToEmbedding, DecodeError> with_json(const std::string& json) const {
        Frames frames = good;
        frames[6] = json;
        return decode_for_embedding(frames);
    }

    void expect_bad(const std::string& pointer, const Json& value) const {
        Json json = Json::parse(good[6]);
        json[Json::json_pointer(pointer)] = value;
        expect_fault(with_json(json.dump()), DecodeFault::bad_json, pointer + " " + value.dump());
    }

    /// A REGISTER of another version whose return address cannot be read.
    void odd_address(std::size_t frame, const std::string& value, DecodeFault fault) const {
        Frames frames = good;
        frames[5] = "remit/2";
        frames[frame] = value;
        expect_fault(decode_for_embedding(frames), fault, value);
    }

    static Frames make() {
        MessageSamples samples(3);
        Register m = std::get<Register>(samples.to_embedding(0));
        m.pool.registrations.resize(2);
        return encode(ToEmbedding(m));
    }

    const Frames good = make();
};

/// Read as a REGISTER of another version, to be refused at its return address.
void expect_foreign(const Frames& frames, const std::string& version) {
    const auto decoded = decode_for_embedding(frames);
    ASSERT_TRUE(decoded) << decoded.error().detail;
    const auto* foreign = std::get_if<ForeignRegister>(&*decoded);
    ASSERT_NE(foreign, nullptr) << version;
    EXPECT_EQ(foreign->version, version);
    EXPECT_EQ(foreign->from.ip, frames[1]);
    EXPECT_EQ(std::to_string(foreign->from.port), frames[2]);
}

TEST_F(RegisterJson, AnotherVersionIsToldApartFromNoise) {
    for (const char* version : {"", "remit/2", "REMIT/1", "remit/1 "}) {
        Frames frames = good;
        frames[5] = version;
        expect_foreign(frames, version);
        EXPECT_EQ(format_session_id(std::get<ForeignRegister>(*decode_for_embedding(frames)).id), good[3]);
    }
    Frames odd = good;
    odd[5] = "\xff";
    expect_foreign(odd, "?");
    odd[5] = std::string(10'000, 'v');
    expect_foreign(odd, std::string(60, 'v'));
    odd.resize(16, "more");
    expect_foreign(odd, std::string(60, 'v'));
    for (std::size_t count = 4; count < 7; ++count) {
        Frames shorter(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(count));
        if (count == 6) shorter[5] = "other";
        shorter[3] = "a session of another kind";
        expect_foreign(shorter, count == 6 ? "other" : "");
        EXPECT_EQ(std::get<ForeignRegister>(*decode_for_embedding(shorter)).id, SessionId{});
    }
}

TEST_F(RegisterJson, AnotherVersionWithoutAReturnAddressIsNoise) {
    odd_address(1, "nowhere", DecodeFault::unknown_word);
    odd_address(2, "0", DecodeFault::out_of_range);
    odd_address(2, "", DecodeFault::not_a_number);
    for (std::size_t count = 2; count < 4; ++count) {
        expect_fault(decode_for_embedding(Frames(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(count))),
                     DecodeFault::version, "a peer of another kind");
    }
    expect_fault(decode_for_language(Frames{"None", "remit/2", "{}"}), DecodeFault::version, "REGISTERED");
}

TEST_F(RegisterJson, MissingFieldsAreRefused) {
    const std::function<void(const Json&, const Json::json_pointer&)> walk = [&](const Json& node,
                                                                                 const Json::json_pointer& at) {
        if (!node.is_structured()) return;
        for (const auto& [key, value] : node.items()) {
            const Json::json_pointer child = node.is_array() ? at / std::stoul(key) : at / key;
            if (node.is_object()) {
                Json json = Json::parse(good[6]);
                json.at(at).erase(key);
                expect_fault(with_json(json.dump()), DecodeFault::bad_json, "without " + child.to_string());
            }
            walk(value, child);
        }
    };
    walk(Json::parse(good[6]), Json::json_pointer());
}

TEST_F(RegisterJson, WrongTypesAreRefused) {
    const Json others[] = {nullptr, true, -1, 1.5, "text", Json::array(), Json::object(), Json::array({nullptr})};
    const Json original = Json::parse(good[6]);
    const Json flat = original.flatten();
    for (const auto& [pointer, value] : flat.items()) {
        for (const Json& other : others) {
            if (other.type() == value.type()) continue;
            if (value.is_string() && other.is_string()) continue;
            expect_bad(pointer, other);
        }
    }
    for (const auto& [key, value] : original.items()) {
        for (const Json& other : others) {
            if (other.type() == value.type()) continue;
            expect_bad("/" + key, other);
        }
    }
}

TEST_F(RegisterJson, NumbersOutOfRangeAreRefused) {
    expect_bad("/queue_pairs/0/number", 1u << 24);
    expect_bad("/queue_pairs/0/psn", 1u << 24);
    expect_bad("/queue_pairs/0/lid", 65536u);
    for (const std::uint64_t mtu : {0u, 1u, 255u, 257u, 1500u, 4097u, 8192u}) expect_bad("/queue_pairs/0/mtu", mtu);
    expect_bad("/pool/blocks", std::uint64_t{1} << 32);
    expect_bad("/pool/segments/0/registration", std::uint64_t{1} << 32);
    expect_bad("/rkeys/0", std::uint64_t{1} << 32);
    expect_bad("/layout/block_size", std::uint64_t{1} << 32);
    expect_bad("/layout/hidden", std::uint64_t{1} << 32);
    expect_bad("/limits/max_message", 0u);
    expect_bad("/layout/dtype", "bf17");
    expect_bad("/layout/arrangement", "heap");
    expect_bad("/queue_pairs/0/gid", std::string(31, '0'));
    expect_bad("/queue_pairs/0/gid", std::string(33, '0'));
    expect_bad("/queue_pairs/0/gid", std::string(32, 'G'));
    expect_bad("/queue_pairs", Json::array());
    expect_bad("/rkeys", Json::array({1}));
    expect_bad("/queue_pairs/0/rail", rails_of(std::get<Register>(*decode_for_embedding(good)).pool));
    expect_bad("/queue_pairs/0/rail", kMaxRails);
    expect_bad("/further_rkeys", Json::array({Json::array()}));
    expect_bad("/further_rkeys", Json::array({Json::array({-1})}));
    expect_bad("/further_rkeys", Json::array({1}));
    expect_bad("/further_rkeys", Json(std::vector<Json>(kMaxRails, Json::array({1}))));
    expect_bad("/session", std::get<Register>(*decode_for_embedding(good)).id.session + 1);
    expect_bad("/capabilities", Json(std::vector<std::string>(65, "x")));
    expect_bad("/capabilities", Json(std::vector<std::string>(1, std::string(65, 'x'))));
}

TEST_F(RegisterJson, DocumentsThatAreNoneAreRefused) {
    const std::string deep(100'000, '[');
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    const std::string documents[] = {"",
                                     "{",
                                     "null",
                                     "[]",
                                     "1",
                                     "\"x\"",
                                     "{}",
                                     "{}{}",
                                     good[6] + " x",
                                     deep,
                                     objects,
                                     "NaN",
                                     "-1",
                                     "{\"a\":NaN}",
                                     "{\"session\":1e999}",
                                     "\xff",
                                     "{\"\xc3\x28\":1}",
                                     "// c\n{}",
                                     std::string(1000, '\0'),
                                     good[6].substr(0, good[6].size() / 2)};
    for (const std::string& document : documents) {
        expect_fault(with_json(document), DecodeFault::bad_json, document.substr(0, 30));
        expect_fault(decode_for_language(Frames{"None", "remit/1", document}), DecodeFault::bad_json,
                     document.substr(0, 30));
    }
    expect_fault(with_json(std::string((1u << 20) + 1, ' ')), DecodeFault::frame_size, "a document of a mebibyte");
}

TEST_F(RegisterJson, BasesOfAnotherLengthAreRefused) {
    for (const std::size_t size :
         {std::size_t{0}, good[4].size() - 1, good[4].size() + 1, good[4].size() + 8, std::size_t{1'000'000}}) {
        Frames frames = good;
        frames[4].resize(size);
        expect_fault(decode_for_embedding(frames), DecodeFault::frame_size, std::to_string(size) + " bytes");
    }
}

TEST_F(RegisterJson, UnknownFieldsAreLetThrough) {
    Json json = Json::parse(good[6]);
    json["curve_public_key"] = "k";
    json["later"] = {{"x", 1}};
    EXPECT_TRUE(with_json(json.dump()));
}

}  // namespace
}  // namespace remit::protocol
