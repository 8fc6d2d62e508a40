#pragma once

#include "held_fabric.hpp"

#include "memory/host_copy.hpp"
#include "memory/host_memory.hpp"
#include "worker/embedding/send_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace remit::worker::test {

/// A send queue on a wire that the test moves, towards peers that need not exist. Embeddings of 1 KiB a token, blocks of 64
/// tokens, chunks of 256 KiB, each request from unregistered tensors of its own.
class QueueScene {
public:
    static constexpr std::uint64_t kChunk = 256 << 10;
    static constexpr std::uint64_t kTokensOfChunk = 256;

    struct Options {
        std::uint32_t queue_pairs = 1;
        std::uint32_t links = 1;
        std::uint32_t send_regions = 4;
        Arrangement arrangement = Arrangement::segments;
        std::uint64_t chunk = kChunk;
        std::uint32_t depth = 256;
        std::uint32_t chunks_in_flight = 2;
        trace::Recorder* recorder = nullptr;
    };
    QueueScene() : QueueScene(Options{}) {}
    explicit QueueScene(const Options& options);

    /// A round of all tokens of a new attempt into blocks of its own; its number, from 1.
    std::uint64_t start(std::uint64_t tokens, int priority = 0, std::uint32_t link = 0);
    /// The same into blocks that the test names.
    std::uint64_t start_into(const BlockTable& blocks, std::uint64_t tokens, int priority = 0, std::uint32_t link = 0);
    /// One send for a language worker on each link; their attempts, in the order of the links.
    std::vector<std::uint64_t> start_shared(std::uint64_t tokens);
    /// Bytes that were gathered for an attempt's send.
    [[nodiscard]] std::uint64_t gathered(std::uint64_t attempt) const { return sources_.at(attempt)->gathered.load(); }
    /// Another round of an attempt.
    void resume(std::uint64_t attempt, const BlockTable& blocks, plan::TokenRange range);
    /// Everything moves that can without the wire.
    void pump();
    /// The oldest request of a queue pair arrives, and what follows from that; the attempt it belongs to, 0 for none.
    std::uint64_t deliver(std::uint32_t queue_pair = 0);

    /// Tensors of so many tokens.
    [[nodiscard]] std::shared_ptr<embedding::SendSource> source_of(std::uint64_t tokens, int priority = 0);
    /// The oldest request of a queue pair arrives; false where there is none.
    bool move(std::uint32_t queue_pair) { return fabric_.deliver(queue_pair).has_value(); }
    [[nodiscard]] bool written(std::uint64_t attempt) const { return written_.count(attempt) != 0; }
    [[nodiscard]] embedding::SendQueue& queue() noexcept { return *queue_; }
    [[nodiscard]] Wire& wire() noexcept { return fabric_.wire(); }
    /// The attempt into whose blocks an address of the peer's pool belongs; 0: none.
    [[nodiscard]] std::uint64_t owner_of(std::uint64_t remote_address) const;

private:
    [[nodiscard]] BlockTable blocks_of(std::uint64_t tokens);
    std::uint64_t start_round(const protocol::AttemptKey& key, std::uint64_t send, const BlockTable& blocks,
                              std::uint64_t tokens, const std::shared_ptr<embedding::SendSource>& source, bool shared);

    Layout layout_;
    BlockMap peer_;  ///< addresses that nothing is written to
    HeldFabric fabric_;
    memory::HostMemory memory_;
    memory::HostCopyExecutor copies_;
    std::vector<std::unique_ptr<std::byte[]>> tensors_;
    std::map<BlockId, std::uint64_t> owners_;
    std::map<std::uint64_t, std::shared_ptr<embedding::SendSource>> sources_;  ///< of the attempts
    std::map<std::uint64_t, bool> written_;
    std::uint64_t next_attempt_ = 1;
    BlockId next_block_ = 0;
    std::unique_ptr<embedding::SendQueue> queue_;
};

}  // namespace remit::worker::test
