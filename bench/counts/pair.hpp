#pragma once

#include <remit/remit.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace counts {

/// What one request shows of itself.
struct Seen {
    std::uint64_t writes = 0;
    std::uint32_t rounds = 0;
};

/// Both workers in this process, and one request after the other between them.
class Pair {
public:
    /// @param devices of sender and receiver; empty: the loopback fabric
    Pair(const remit::Layout& layout, std::uint32_t sender_blocks, std::uint32_t receiver_blocks,
         const std::vector<std::string>& devices);

    [[nodiscard]] remit::LanguageWorker& language() { return *language_; }
    [[nodiscard]] remit::EmbeddingWorker& embedding() { return *embedding_; }

    /// Moves `tokens` tokens with a guess. @throws std::runtime_error where it fails.
    Seen move(std::uint64_t tokens, std::uint64_t expected, bool sink = false);
    /// As move(), and keeps the blocks.
    remit::Reception keep(std::uint64_t tokens);

private:
    Seen finish(const remit::Send& send, const remit::Reception& reception);
    [[nodiscard]] remit::BlockTable source(std::uint64_t tokens) const;

    remit::RoomId room_ = 0;
    std::vector<std::vector<std::byte>> tensors_;  ///< of the sink, for as many tokens as the sender's pool holds
    std::unique_ptr<remit::EmbeddingWorker> embedding_;
    std::unique_ptr<remit::LanguageWorker> language_;
    remit::BlockTable blocks_;  ///< all of the sender's
};

}  // namespace counts
