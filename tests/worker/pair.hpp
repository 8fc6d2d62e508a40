#pragma once

#include "requests.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

namespace remit::worker::test {

struct PairOptions {
    Layout embedding_layout = small_layout();
    Layout language_layout = small_layout();
    std::uint32_t embedding_blocks = 128;
    std::uint32_t language_blocks = 128;
    EmbeddingWorkerOptions embedding{};
    LanguageWorkerOptions language{};
};

/// Both workers in this process, on a loopback network of their own. At its end every block must be free again.
class Pair {
public:
    explicit Pair(PairOptions options = {}) : options_(std::move(options)) {
        static std::atomic<int> count{0};
        const std::string network = "pair " + std::to_string(++count);
        for (FabricOptions* fabric : {&options_.embedding.fabric, &options_.language.fabric}) {
            fabric->kind = FabricKind::loopback;
            fabric->loopback_network = network;
        }
        start_embedding();
        start_language();
    }
    ~Pair() {
        if (language_) expect_whole(*language_);
        if (embedding_) {
            EXPECT_EQ(embedding_->pool().free_blocks(), embedding_->pool().blocks())
                << "the test freed its source blocks";
        }
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    void start_embedding() {
        embedding_ =
            std::make_unique<EmbeddingWorker>(options_.embedding, options_.embedding_layout, options_.embedding_blocks);
        endpoint_ = embedding_->endpoint();
    }
    void start_language() {
        language_ =
            std::make_unique<LanguageWorker>(options_.language, options_.language_layout, options_.language_blocks);
    }
    void stop_embedding() { embedding_.reset(); }
    void stop_language() { language_.reset(); }

    [[nodiscard]] EmbeddingWorker& embedding() { return *embedding_; }
    [[nodiscard]] LanguageWorker& language() { return *language_; }
    [[nodiscard]] PairOptions& options() { return options_; }
    [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
    [[nodiscard]] const std::string& network() const { return options_.language.fabric.loopback_network; }

    [[nodiscard]] Incoming receive(RoomId room, std::uint64_t expected, Into into = Into::sink) {
        ReceiveOptions receive;
        receive.expected_tokens = expected;
        return {*language_, endpoint_, room, into, std::move(receive)};
    }
    [[nodiscard]] Outgoing send(const Content& content, From from = From::blocks) {
        return {*embedding_, content, from};
    }
    /// One request from end to end, every byte compared.
    void expect_transfer(const Content& content, std::uint64_t expected, Into into = Into::sink,
                         From from = From::blocks) {
        const Incoming incoming = receive(content.room, expected, into);
        const Outgoing outgoing = send(content, from);
        incoming.expect_success(content);
        outgoing.expect_success();
    }

private:
    PairOptions options_;
    std::string endpoint_;
    std::unique_ptr<EmbeddingWorker> embedding_;
    std::unique_ptr<LanguageWorker> language_;
};

}  // namespace remit::worker::test
