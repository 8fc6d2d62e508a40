// Workers with keys: the right one is served, any other costs nothing, and nobody speaks for another.

#include "pair.hpp"

#include <stdlib.h>

#include <filesystem>

namespace remit::worker::test {
namespace {

class KeysTest : public ::testing::Test {
protected:
    KeysTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "remit_keys_XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder = pattern;
        embedding = generate_keys(folder / "embedding");
        language = generate_keys(folder / "language");
        stranger = generate_keys(folder / "stranger");
    }
    ~KeysTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
    [[nodiscard]] PairOptions with_keys() const {
        PairOptions options;
        options.embedding.control.keys = {embedding.secret_key_file, "", folder / "language"};
        options.language.control.keys = {language.secret_key_file, embedding.public_key_file, ""};
        return options;
    }
    /// A language worker as `pair`'s, with other keys.
    [[nodiscard]] std::unique_ptr<LanguageWorker> another(const Pair& pair, const KeyOptions& keys) const {
        LanguageWorkerOptions options;
        options.fabric.kind = FabricKind::loopback;
        options.fabric.loopback_network = pair.network();
        options.control.keys = keys;
        return std::make_unique<LanguageWorker>(options, small_layout(), 16);
    }
    static void expect_unheard(LanguageWorker& worker, Pair& pair, RoomId room) {
        ReceiveOptions options;
        options.deadline = scaled(1500);
        const Incoming incoming(worker, pair.endpoint(), room, Into::sink, std::move(options));
        incoming.expect_failed("REGISTERED from the embedding worker");
        expect_whole(worker);
    }

    std::filesystem::path folder;
    KeyFiles embedding, language, stranger;
};

TEST_F(KeysTest, ResumedTransfersWithKeysOnBothSides) {
    Pair pair(with_keys());
    pair.expect_transfer({1, 2000}, 1024);
    pair.expect_transfer({2, 10000}, 128);
}

TEST_F(KeysTest, WithAWrongKeyNobodyIsServedAndTheOthersAre) {
    Pair pair(with_keys());
    const Outgoing outgoing = pair.send({7, 300});
    const auto not_allowed = another(pair, {stranger.secret_key_file, embedding.public_key_file, ""});
    expect_unheard(*not_allowed, pair, 7);
    const auto wrong_server = another(pair, {language.secret_key_file, stranger.public_key_file, ""});
    expect_unheard(*wrong_server, pair, 7);
    const auto none = another(pair, {});
    expect_unheard(*none, pair, 7);
    const Incoming incoming = pair.receive(7, 128);
    incoming.expect_success({7, 300});
    outgoing.expect_success();
}

TEST_F(KeysTest, AnEmbeddingWorkerWithAKeyOfItsOwnIsNamedAtTheCall) {
    PairOptions options = with_keys();
    options.language.control.keys.server_key_file.clear();
    options.language.control.keys.allowed_keys = folder / "embedding";
    Pair pair(options);
    expect_error([&] { static_cast<void>(pair.language().receive(1, pair.endpoint())); }, ErrorKind::bad_argument,
                 {"public key is not known", "server_key"});
    ReceiveOptions receive;
    receive.expected_tokens = 128;
    receive.server_key = "short";
    expect_error([&] { static_cast<void>(pair.language().receive(1, pair.endpoint(), receive)); },
                 ErrorKind::bad_argument, {"40 characters"});
    receive.server_key = embedding.public_key;
    const Incoming incoming(pair.language(), pair.endpoint(), 1, Into::sink, receive);
    const Outgoing outgoing = pair.send({1, 500});
    incoming.expect_success({1, 500});
    outgoing.expect_success();
    Pair plain;
    expect_error([&] { static_cast<void>(plain.language().receive(1, plain.endpoint(), receive)); },
                 ErrorKind::bad_argument, {"without keys"});
}

}  // namespace
}  // namespace remit::worker::test
