#pragma once

#include "worker/embedding/send_queue.hpp"
#include "worker/embedding/tally.hpp"
#include "worker/inbox.hpp"
#include "worker/outcome.hpp"
#include "worker/snapshots.hpp"
#include "worker/watermark.hpp"

#include <remit/embedding_worker.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace remit::worker {

/// What a send's user and its worker share.
struct SendRecord {
    protocol::embedding::SendId id = 0;
    RoomId room = 0;
    std::uint64_t total = 0;
    Watermark watermark{0};
    bool unfilled = false;  ///< among those whose watermark waits for a stream. The worker's alone
    embedding::SendTimes times;  ///< the worker's alone
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

using EmbeddingCommand = std::variant<BeginSend, ReadyTokens, CancelSend, RejectRoom, StopEmbedding, TakeSnapshot>;
using EmbeddingInbox = Inbox<EmbeddingCommand>;

}  // namespace remit::worker

namespace remit {

struct REMIT_LOCAL Send::State {
    std::shared_ptr<worker::SendRecord> record;
    std::shared_ptr<worker::EmbeddingInbox> inbox;
    std::shared_ptr<memory::Streams> streams;  ///< the worker's; null where no device copies
};

}  // namespace remit
