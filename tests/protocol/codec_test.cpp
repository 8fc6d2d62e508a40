#include "protocol/codec.hpp"

#include "message_samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

namespace remit::protocol {
namespace {

void expect_same(const PeerAddress& a, const PeerAddress& b) {
    EXPECT_EQ(a, b);
}

void expect_same(const Register& a, const Register& b) {
    expect_same(a.from, b.from);
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.layout, b.layout);
    EXPECT_EQ(a.pool, b.pool);
    EXPECT_EQ(a.queue_pairs, b.queue_pairs);
    EXPECT_EQ(a.limits, b.limits);
    EXPECT_EQ(a.capabilities, b.capabilities);
}

void expect_same(const Registered& a, const Registered& b) {
    EXPECT_EQ(a.session, b.session);
    EXPECT_EQ(a.generation, b.generation);
    EXPECT_EQ(a.incarnation, b.incarnation);
    ASSERT_EQ(a.answer.index(), b.answer.index());
    if (const auto* accepted = std::get_if<Registered::Accepted>(&a.answer)) {
        EXPECT_EQ(accepted->queue_pairs, std::get<Registered::Accepted>(b.answer).queue_pairs);
        EXPECT_EQ(accepted->limits, std::get<Registered::Accepted>(b.answer).limits);
    } else if (const auto* refused = std::get_if<Registered::Refused>(&a.answer)) {
        EXPECT_EQ(refused->error, std::get<Registered::Refused>(b.answer).error);
    } else {
        EXPECT_EQ(std::get<Registered::Lost>(a.answer).reason, std::get<Registered::Lost>(b.answer).reason);
    }
}

void expect_same(const Init& a, const Init& b) {
    expect_same(a.from, b.from);
    EXPECT_EQ(std::tie(a.room, a.id, a.blocks, a.required_dst_info_num, a.allocated_tokens),
              std::tie(b.room, b.id, b.blocks, b.required_dst_info_num, b.allocated_tokens));
}

void expect_same(const Resume& a, const Resume& b) {
    expect_same(a.from, b.from);
    EXPECT_EQ(std::tie(a.room, a.id, a.blocks, a.required_dst_info_num, a.sent_tokens, a.allocated_tokens),
              std::tie(b.room, b.id, b.blocks, b.required_dst_info_num, b.sent_tokens, b.allocated_tokens));
}

void expect_same(const StatusReport& a, const StatusReport& b) {
    EXPECT_EQ(std::tie(a.room, a.status, a.rounds, a.sent_tokens, a.total_tokens, a.reason, a.id, a.answer, a.checksums),
              std::tie(b.room, b.status, b.rounds, b.sent_tokens, b.total_tokens, b.reason, b.id, b.answer, b.checksums));
}

void expect_same(const Abort& a, const Abort& b) {
    expect_same(a.from, b.from);
    EXPECT_EQ(std::tie(a.room, a.id, a.kind, a.reason), std::tie(b.room, b.id, b.kind, b.reason));
}

void expect_same(const ForeignRegister& a, const ForeignRegister& b) {
    EXPECT_EQ(a.from, b.from);
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.version, b.version);
}

void expect_same(const Aborted& a, const Aborted& b) {
    EXPECT_EQ(std::tie(a.room, a.drained, a.rounds, a.id), std::tie(b.room, b.drained, b.rounds, b.id));
}

void expect_same(const Close& a, const Close& b) {
    expect_same(a.from, b.from);
    EXPECT_EQ(std::tie(a.id, a.reason), std::tie(b.id, b.reason));
}

void expect_same(const Ping& a, const Ping& b) {
    expect_same(a.from, b.from);
    EXPECT_EQ(std::tie(a.id, a.sequence, a.sent_ns), std::tie(b.id, b.sequence, b.sent_ns));
}

void expect_same(const Pong& a, const Pong& b) {
    expect_same(a.from, b.from);
    EXPECT_EQ(std::tie(a.id, a.sequence, a.ping_ns, a.pong_ns), std::tie(b.id, b.sequence, b.ping_ns, b.pong_ns));
}

template <class Message, class Decoded>
void expect_round_trip(const Message& message, const Decoded& decoded) {
    ASSERT_TRUE(decoded) << to_string(decoded.error().fault) << ": " << decoded.error().detail;
    ASSERT_EQ(decoded->index(), message.index());
    std::visit([&](const auto& m) { expect_same(m, std::get<std::decay_t<decltype(m)>>(*decoded)); }, message);
}

TEST(Codec, EveryMessageToAnEmbeddingWorkerRoundTrips) {
    MessageSamples samples(1);
    for (int i = 0; i < 7'000 && !::testing::Test::HasFailure(); ++i) {
        const ToEmbedding message = samples.to_embedding(i % MessageSamples::kToEmbedding);
        expect_round_trip(message, decode_for_embedding(encode(message)));
    }
}

TEST(Codec, EveryMessageToALanguageWorkerRoundTrips) {
    MessageSamples samples(2);
    for (int i = 0; i < 7'000 && !::testing::Test::HasFailure(); ++i) {
        const ToLanguage message = samples.to_language(i % MessageSamples::kToLanguage);
        expect_round_trip(message, decode_for_language(encode(message)));
    }
}

TEST(Codec, FramesStandWhereTheProtocolFixesThem) {
    const PeerAddress from{"10.0.0.5", 7700};
    const SessionId id{1, 2, 3, 4};
    EXPECT_EQ(encode(ToEmbedding(Init{9, from, id, {0, 1, 7}, 1, 1024})),
              (Frames{"9", "10.0.0.5", "7700", "1.2.3.4", "0,1,7", "1", "1024"}));
    EXPECT_EQ(encode(ToEmbedding(Resume{9, from, id, {8}, 2, 1024, 976})),
              (Frames{"9", "10.0.0.5", "7700", "1.2.3.4", "8", "2", "1024", "976"}));
    EXPECT_EQ(encode(ToLanguage(StatusReport{9, Status::Transferring, 1, 1024, 2000, "", id})),
              (Frames{"9", "3", "1", "1024", "2000", "", "1.2.3.4"}));
    EXPECT_EQ(encode(ToEmbedding(Abort{9, from, id, AbortKind::yield, ""})),
              (Frames{"9", "10.0.0.5", "7700", "1.2.3.4", "yield"}));
    EXPECT_EQ(encode(ToLanguage(Aborted{9, false, {}, id})), (Frames{"9", "undrained", "-1", "1.2.3.4"}));
    EXPECT_EQ(encode(ToEmbedding(Close{from, id, "bye"})),
              (Frames{"None", "close", "10.0.0.5", "7700", "1.2.3.4", "bye"}));
    EXPECT_EQ(encode(ToEmbedding(Ping{from, id, 5, 6})),
              (Frames{"None", "ping", "10.0.0.5", "7700", "1.2.3.4", "5", "6"}));
    EXPECT_EQ(encode(ToLanguage(Pong{from, id, 5, 6, 7})),
              (Frames{"None", "pong", "10.0.0.5", "7700", "1.2.3.4", "5", "6", "7"}));
}

TEST(Codec, RegisterCarriesBasesAsPackedLittleEndian) {
    Register m;
    m.from = {"::1", 1};
    m.pool.segments = {{0x0102030405060708, 0, 0, 0}, {0xff, 0, 0, 0}};
    m.queue_pairs.resize(1);
    m.limits.max_message = 1;
    const Frames frames = encode(ToEmbedding(m));
    ASSERT_EQ(frames.size(), 7u);
    EXPECT_EQ(frames[0], "None");
    EXPECT_EQ(frames[4], std::string("\x08\x07\x06\x05\x04\x03\x02\x01\xff\0\0\0\0\0\0\0", 16));
    EXPECT_EQ(frames[5], "remit/1");
}

TEST(Codec, AnInitWithoutBlocksIsLegal) {
    const auto decoded = decode_for_embedding(Frames{"0", "::1", "1", "0.0.1.0", "", "1", "0"});
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(std::get<Init>(*decoded).blocks.empty());
}

// A reason may hold any text, a driver's or a peer's: however it reads, the message that carries it arrives.
TEST(Codec, ReasonsOfAnyBytesAndLengthArrive) {
    const std::string reasons[] = {std::string(5000, 'x'),    std::string(5000, '\xff'),
                                   std::string(1024, '\x01'), std::string(1023, 'x') + "\xc3\xa4",
                                   std::string(3, '\0'),      std::string(2000, '"')};
    for (const std::string& reason : reasons) {
        const ToLanguage to_language[] = {Registered{1, 1, 1, Registered::Refused{reason}},
                                          Registered{1, 1, 1, Registered::Lost{reason}},
                                          StatusReport{1, Status::Failed, 0, 0, 0, reason, {}}};
        for (const ToLanguage& message : to_language) {
            const auto decoded = decode_for_language(encode(message));
            EXPECT_TRUE(decoded) << decoded.error().detail;
        }
        Close close;
        close.from = {"::1", 1};
        close.reason = reason;
        const auto decoded = decode_for_embedding(encode(ToEmbedding(close)));
        ASSERT_TRUE(decoded) << decoded.error().detail;
        const std::string& read = std::get<Close>(*decoded).reason;
        EXPECT_TRUE(std::all_of(read.begin(), read.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    }
}

TEST(Codec, FaultsHaveNamesOfTheirOwn) {
    for (std::size_t i = 0; i < kDecodeFaults; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            EXPECT_NE(to_string(static_cast<DecodeFault>(i)), to_string(static_cast<DecodeFault>(j)));
        }
    }
}

}  // namespace
}  // namespace remit::protocol
