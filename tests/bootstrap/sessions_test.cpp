// What is found is used: requests between workers that a directory brought together, with and without the directory.

#include "bootstrap/directory.hpp"
#include "bootstrap/publication.hpp"
#include "bootstrap/route_server.hpp"

#include <remit/embedding_worker.hpp>
#include <remit/language_worker.hpp>

#include <gtest/gtest.h>

#include <cstring>

namespace remit::bootstrap::test {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::uint64_t kTokens = 40;
constexpr std::uint32_t kBlock = 16;
constexpr std::size_t kFillIds = 1;

template <typename Options>
Options on_loopback() {
    Options options;
    options.fabric.kind = FabricKind::loopback;
    options.fabric.loopback_network = "bootstrap";
    return options;
}

class Sessions : public testing::Test {
protected:
    Reception ask(RoomId room, const std::string& endpoint) {
        return language_.receive(room, endpoint, {.expected_tokens = 16, .into = KeepBlocks{}});
    }

    static std::int32_t id_of(RoomId room, std::uint64_t token) { return static_cast<std::int32_t>(room * 1000 + token); }

    /// Sends a number of its own in every token's id, and looks for it.
    void expect_arrival(RoomId room, const Reception& reception) {
        const BlockTable table = embedding_.pool().allocate(kTokens);
        for (std::uint64_t token = 0; token < kTokens; ++token) {
            const std::int32_t id = id_of(room, token);
            std::memcpy(embedding_.pool().row(kFillIds, table[token / kBlock], 0, token % kBlock), &id, sizeof id);
        }
        const Send send = embedding_.send(room, table, kTokens);
        ASSERT_EQ(reception.wait_for(kPatience), Status::Success) << reception.reason();
        ASSERT_EQ(send.wait_for(kPatience), Status::Success) << send.reason();
        const BlockTable arrived = reception.table();
        for (std::uint64_t token = 0; token < kTokens; ++token) {
            std::int32_t id = 0;
            std::memcpy(&id, language_.row(kFillIds, arrived[token / kBlock], 0, token % kBlock), sizeof id);
            EXPECT_EQ(id, id_of(room, token));
        }
        embedding_.pool().free(table);
    }

    const Layout layout_ = Layout::multimodal({.block_size = kBlock, .hidden = 8});
    EmbeddingWorker embedding_{on_loopback<EmbeddingWorkerOptions>(), layout_, 8};
    LanguageWorker language_{on_loopback<LanguageWorkerOptions>(), layout_, 16};
};

TEST_F(Sessions, GoOnWithoutTheDirectoryThatBroughtThemTogether) {
    auto server = std::make_unique<RouteServer>(listen_address_of("127.0.0.1:0"));
    const std::string url = server->url();
    const Publication publication(open_directory(url), peer_at(embedding_.endpoint()), {.lifetime = std::chrono::seconds(1)});
    const auto found = open_directory(url)->find({});
    ASSERT_TRUE(found);
    const std::string endpoint = endpoint_of(*found);
    EXPECT_EQ(endpoint, embedding_.endpoint());
    const Reception first = ask(1, endpoint);
    expect_arrival(1, first);
    // One is under way when the directory goes; a further one begins without it.
    const Reception second = ask(2, endpoint);
    server.reset();
    expect_arrival(2, second);
    const Reception third = ask(3, endpoint);
    expect_arrival(3, third);
}

}  // namespace
}  // namespace remit::bootstrap::test
