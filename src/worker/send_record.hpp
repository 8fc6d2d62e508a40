#pragma once

#include "worker/embedding/send_queue.hpp"
#include "worker/inbox.hpp"
#include "worker/outcome.hpp"

#include <remit/embedding_worker.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace remit::worker {

/// How much of a source may be read: told by user threads, taken by the worker's. However often it is told, one command
/// at most waits for the worker.
class Watermark {
public:
    explicit Watermark(std::uint64_t tokens) : tokens_(tokens) {}

    [[nodiscard]] std::uint64_t tokens() const noexcept { return tokens_.load(std::memory_order_acquire); }
    /// False where it was higher already.
    bool raise(std::uint64_t tokens) noexcept {
        std::uint64_t before = tokens_.load(std::memory_order_relaxed);
        while (before <= tokens) {
            if (tokens_.compare_exchange_weak(before, tokens, std::memory_order_acq_rel)) return true;
        }
        return false;
    }
    /// True where the worker is to be told.
    bool tell() noexcept { return !told_.exchange(true, std::memory_order_acq_rel); }
    /// What the worker goes by from now on.
    std::uint64_t take() noexcept {
        told_.store(false, std::memory_order_release);
        return tokens_.load(std::memory_order_acquire);
    }

private:
    std::atomic<std::uint64_t> tokens_;
    std::atomic<bool> told_{false};
};

/// What a send's user and its worker share.
struct SendRecord {
    protocol::embedding::SendId id = 0;
    RoomId room = 0;
    std::uint64_t total = 0;
    Watermark watermark{0};
    std::atomic<bool> cancelled{false};  ///< asked for once, however often its user says so
    std::atomic<std::uint32_t> failed_ranks{0};
    Outcome outcome;
    std::shared_ptr<embedding::SendSource> source = std::make_shared<embedding::SendSource>();
};

struct BeginSend {
    std::shared_ptr<SendRecord> record;
};
struct ReadyTokens {
    protocol::embedding::SendId id = 0;
};
struct CancelSend {
    protocol::embedding::SendId id = 0;
};
struct RejectRoom {
    RoomId room = 0;
    std::string reason;
};
/// What is under way goes on for `drain`, nothing else is begun.
struct StopEmbedding {
    protocol::Time drain{};
};

using EmbeddingCommand = std::variant<BeginSend, ReadyTokens, CancelSend, RejectRoom, StopEmbedding>;
using EmbeddingInbox = Inbox<EmbeddingCommand>;

}  // namespace remit::worker

namespace remit {

struct Send::State {
    std::shared_ptr<worker::SendRecord> record;
    std::shared_ptr<worker::EmbeddingInbox> inbox;
};

}  // namespace remit
