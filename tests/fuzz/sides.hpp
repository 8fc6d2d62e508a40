#pragma once

#include "content.hpp"
#include "wire.hpp"

#include "memory/host_copy.hpp"
#include "memory/host_memory.hpp"
#include "pool/block_pool.hpp"
#include "worker/embedding/core.hpp"
#include "worker/language/core.hpp"
#include "worker/unfinished_rooms.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The two workers, whole but for their threads and their sockets, on the loopback fabric: every step is the caller's.
namespace remit::fuzz {

using worker::test::Content;
using worker::test::Tensors;

inline constexpr const char* kNetwork = "fuzz";
inline constexpr std::uint32_t kLanguageBlocks = 8;
inline constexpr std::uint64_t kMostTokens = 3 * 4 * kLanguageBlocks;  ///< of a request: three times the pool
inline constexpr std::uint32_t kPeers = 4;
[[nodiscard]] Layout layout();
[[nodiscard]] protocol::Timing timing();

class EmbeddingSide {
public:
    EmbeddingSide(std::uint16_t port, std::uint64_t incarnation);
    ~EmbeddingSide();
    EmbeddingSide(const EmbeddingSide&) = delete;
    EmbeddingSide& operator=(const EmbeddingSide&) = delete;

    struct Outgoing {
        Content content;
        std::shared_ptr<worker::SendRecord> record;
        std::unique_ptr<Tensors> tensors;
        BlockTable table;
        bool cancelled = false;
    };

    /// As EmbeddingWorker::send(); nothing where the room is unfinished.
    Outgoing* send(const Content& content, bool from_pool);
    void cancel(Outgoing& outgoing);
    void reject(RoomId room);
    void stop() { inbox_.post(worker::StopEmbedding{}); }
    /// Sources of ended sends are the caller's again.
    void take_back();
    [[nodiscard]] bool all_final() const;
    [[nodiscard]] std::uint32_t free_blocks() { return pool_.allocator().free_blocks(); }

    Wire wire;
    std::vector<std::unique_ptr<Outgoing>> outgoing;

private:
    std::unique_ptr<fabric::Fabric> fabric_;
    memory::HostMemory memory_;
    pool::BlockPool pool_;
    worker::UnfinishedRooms<RoomId> unfinished_;
    worker::EmbeddingInbox inbox_;
    worker::Mailbox mailbox_;
    memory::HostCopyExecutor copies_;
    std::uint64_t sends_ = 0;

public:
    worker::embedding::Core core;  ///< last: it uses all the others
};

class LanguageSide {
public:
    LanguageSide(std::uint16_t port, std::uint64_t session_base, MemoryPolicy policy);
    ~LanguageSide();
    LanguageSide(const LanguageSide&) = delete;
    LanguageSide& operator=(const LanguageSide&) = delete;

    struct Incoming {
        RoomId room = 0;
        bool sink = false;
        std::shared_ptr<worker::RoomRecord> record;
        std::shared_ptr<std::unique_ptr<Tensors>> tensors = std::make_shared<std::unique_ptr<Tensors>>();
        bool aborted = false;
        bool released = false;
    };

    /// As LanguageWorker::receive(); nothing where the room is unfinished.
    Incoming* receive(RoomId room, std::uint16_t embedding_port, std::uint64_t expected, bool sink);
    void abort(Incoming& incoming);
    /// The last handle goes: an unfinished room is aborted, kept blocks come back.
    void release(Incoming& incoming);
    void stop() { inbox_.post(worker::StopLanguage{}); }
    [[nodiscard]] bool all_final() const;
    [[nodiscard]] bool whole() const { return core.free_blocks() == kLanguageBlocks; }
    /// "" where what has arrived is `content`.
    [[nodiscard]] std::string fault(const Incoming& incoming, const Content& content) const;

    Wire wire;
    std::vector<std::unique_ptr<Incoming>> incoming;

private:
    std::unique_ptr<fabric::Fabric> fabric_;
    memory::HostMemory memory_;
    pool::BlockPool pool_;
    worker::language::Receiver receiver_;
    worker::UnfinishedRooms<worker::RoomKey> unfinished_;
    worker::LanguageInbox inbox_;
    worker::Mailbox mailbox_;
    memory::HostCopyExecutor copies_;
    std::uint64_t handles_ = 0;

public:
    worker::language::Core core;  ///< last: it uses all the others
};

}  // namespace remit::fuzz
