#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <remit/error.hpp>

#include <functional>
#include <thread>
#include <zmq.hpp>

#include "channel_fixture.hpp"
#include "key_folder.hpp"

namespace remit::control::test {
namespace {

using ::testing::HasSubstr;

/// The keys of an embedding worker and of a language worker that know each other.
struct TwoWorkers {
    KeyFolder folder;
    KeyFiles embedding = folder.make("embedding");
    KeyFiles language = folder.make("language");

    [[nodiscard]] KeyOptions of_embedding() const { return {embedding.secret_key_file, "", folder.allowing(language)}; }
    [[nodiscard]] KeyOptions of_language() const { return {language.secret_key_file, embedding.public_key_file, ""}; }
};

std::unique_ptr<Channel> open_with(const KeyOptions& keys) {
    ChannelOptions options;
    options.keys = keys;
    return open_zmq(options);
}

/// Waits for what another thread counts.
bool comes_true(const std::function<bool()>& condition) {
    const auto deadline = steady_clock::now() + kPatience;
    while (!condition()) {
        if (steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

/// After whatever came before: who has the right key is heard.
void expect_heard(Channel& embedding, const TwoWorkers& two) {
    auto language = open_with(two.of_language());
    ASSERT_EQ(language->send(peer_of(embedding), {"honest"}), SendResult::queued);
    const auto message = next(embedding);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->frames, Frames{"honest"});
    EXPECT_EQ(message->key, two.language.public_key);
}

TEST(Curve, WithTheRightKeysBothSidesHearEachOtherAndKnowWhoSpeaks) {
    const TwoWorkers two;
    auto embedding = open_with(two.of_embedding());
    auto language = open_with(two.of_language());
    ASSERT_EQ(language->send(peer_of(*embedding), {"REGISTER"}), SendResult::queued);
    const auto asked = next(*embedding);
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->frames, Frames{"REGISTER"});
    EXPECT_EQ(asked->key, two.language.public_key);
    // The answer goes to whoever proved that key, and to nobody else at that address.
    Peer back = peer_of(*language);
    back.key = asked->key;
    ASSERT_EQ(embedding->send(back, {"REGISTERED"}), SendResult::queued);
    const auto answered = next(*language);
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->frames, Frames{"REGISTERED"});
    EXPECT_EQ(answered->key, two.embedding.public_key);
    EXPECT_EQ(embedding->counters().denied_keys + embedding->counters().failed_handshakes, 0U);
}

TEST(Curve, AClientKeyThatIsNotAllowedIsNotHeardAndCounted) {
    const TwoWorkers two;
    auto embedding = open_with(two.of_embedding());
    const KeyFiles stranger = two.folder.make("stranger");
    auto other = open_with({stranger.secret_key_file, two.embedding.public_key_file, ""});
    ASSERT_EQ(other->send(peer_of(*embedding), {"INIT"}), SendResult::queued);
    EXPECT_TRUE(comes_true([&] { return embedding->counters().denied_keys > 0; }));
    EXPECT_FALSE(next(*embedding, kSilence));
    expect_heard(*embedding, two);
}

TEST(Curve, APeerThatWasTurnedAwayIsHeardOnceItsKeyIsAllowed) {
    const TwoWorkers two;
    ChannelOptions impatient;
    impatient.keys = two.of_embedding();
    impatient.handshake_ms = 300;
    auto embedding = open_zmq(impatient);
    const KeyFiles late = two.folder.make("late");
    auto other = open_with({late.secret_key_file, two.embedding.public_key_file, ""});
    ASSERT_EQ(other->send(peer_of(*embedding), {"waits"}), SendResult::queued);
    EXPECT_TRUE(comes_true([&] { return embedding->counters().denied_keys > 0; }));
    std::filesystem::copy_file(late.public_key_file, two.folder / "language" / "late.pub");
    const auto message = next(*embedding);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->frames, Frames{"waits"});
    EXPECT_EQ(message->key, late.public_key);
}

TEST(Curve, APeerThatExpectsAnotherServerKeyIsNotHeardAndHearsNothing) {
    const TwoWorkers two;
    auto embedding = open_with(two.of_embedding());
    const KeyFiles stranger = two.folder.make("stranger");
    auto language = open_with({two.language.secret_key_file, stranger.public_key_file, ""});
    ASSERT_EQ(language->send(peer_of(*embedding), {"REGISTER"}), SendResult::queued);
    EXPECT_TRUE(comes_true([&] { return embedding->counters().failed_handshakes > 0; }));
    EXPECT_FALSE(next(*embedding, kSilence));
    expect_heard(*embedding, two);
}

TEST(Curve, APeerWithoutKeysIsNotHeardAndCounted) {
    const TwoWorkers two;
    auto embedding = open_with(two.of_embedding());
    auto plain = open_loopback();
    ASSERT_EQ(plain->send(peer_of(*embedding), {"INIT"}), SendResult::queued);
    EXPECT_TRUE(comes_true([&] { return embedding->counters().failed_handshakes > 0; }));
    EXPECT_FALSE(next(*embedding, kSilence));
    expect_heard(*embedding, two);
}

TEST(Curve, AWorkerWithKeysSpeaksToNobodyWithout) {
    const TwoWorkers two;
    auto plain = open_loopback();
    auto language = open_with(two.of_language());
    ASSERT_EQ(language->send(peer_of(*plain), {"REGISTER"}), SendResult::queued);
    EXPECT_FALSE(next(*plain, kSilence));
    // Nor does it begin to, where it does not know whose the address is.
    auto embedding = open_with(two.of_embedding());
    EXPECT_EQ(embedding->send(peer_of(*plain), {"STATUS"}), SendResult::unreachable);
}

TEST(Curve, AnAnswerToAnAddressThatIsAnothersIsNotHeard) {
    const TwoWorkers two;
    auto embedding = open_with(two.of_embedding());
    auto language = open_with(two.of_language());
    const KeyFiles liar = two.folder.make("liar");
    Peer back = peer_of(*language);
    back.key = liar.public_key;  // someone else had given the language worker's address as its own
    ASSERT_EQ(embedding->send(back, {"for the liar"}), SendResult::queued);
    EXPECT_TRUE(comes_true([&] { return language->counters().failed_handshakes > 0; }));
    EXPECT_FALSE(next(*language, kSilence));
}

TEST(Curve, NoiseOnThePortIsCountedAndHarmsNobody) {
    const TwoWorkers two;
    auto embedding = open_with(two.of_embedding());
    zmq::context_t context{1};
    for (int i = 0; i < 50; ++i) {
        zmq::socket_t socket(context, zmq::socket_type::stream);
        socket.set(zmq::sockopt::linger, 0);
        socket.connect(format_endpoint("127.0.0.1", embedding->port()));
    }
    auto plain = open_loopback();
    for (std::uint64_t i = 1; i <= 20; ++i) {
        ASSERT_EQ(plain->send(peer_of(*embedding, i), {std::string(100000, 'x')}), SendResult::queued);
    }
    EXPECT_TRUE(comes_true([&] { return embedding->counters().failed_handshakes >= 20; }));
    EXPECT_FALSE(next(*embedding, kSilence));
    expect_heard(*embedding, two);
}

TEST(Curve, KeysPermitAnAddressOffLoopbackAndNothingElseDoes) {
    const TwoWorkers two;
    ChannelOptions options;
    options.listen = "tcp://*:0";
    options.advertise = "10.0.0.5";
    EXPECT_THROW(open_zmq(options), Error);
    options.keys = two.of_embedding();
    auto channel = open_zmq(options);
    Peer far{"10.255.255.1", 9, 1, two.language.public_key};
    EXPECT_EQ(channel->send(far, {"x"}), SendResult::queued);
    far.key.clear();
    EXPECT_EQ(channel->send(far, {"x"}), SendResult::unreachable);
}

TEST(Curve, KeysThatDoNotGoTogetherAreRefused) {
    const TwoWorkers two;
    const auto refusal = [](const KeyOptions& keys) -> std::string {
        try {
            open_with(keys);
        } catch (const Error& error) {
            return error.what();
        }
        return "(accepted)";
    };
    EXPECT_THAT(refusal({"", two.embedding.public_key_file, ""}), HasSubstr("secret_key_file"));
    EXPECT_THAT(refusal({"", "", two.folder.allowing(two.language)}), HasSubstr("secret_key_file"));
    EXPECT_THAT(refusal({two.embedding.secret_key_file, "", ""}), HasSubstr("nobody could connect"));
    EXPECT_THAT(refusal({two.embedding.public_key_file, two.language.public_key_file, ""}), HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace remit::control::test
