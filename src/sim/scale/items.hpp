#pragma once

#include "protocol/language/actions.hpp"
#include "protocol/messages.hpp"

#include <cstdint>
#include <variant>

/// What reaches a worker's thread.
namespace remit::sim::scale {

/// A worker's number: embedding workers first, then language workers.
using Place = std::uint32_t;

struct BeginSend {
    RoomId room = 0;
};
struct BeginReceive {
    RoomId room = 0;
};
/// All writes of a chunk are acknowledged.
struct ChunkWritten {
    protocol::AttemptKey attempt;
    std::uint32_t round = 0;
    bool region = false;  ///< a send region comes back
};
/// The immediate of a round, which came after all of its data.
struct RoundLanded {
    protocol::AttemptKey attempt;
    std::uint64_t total_tokens = 0;  ///< what the aux says
};
struct CopiedOut {
    protocol::language::CopyOut copy;
};
struct DeadlineDue {};

using Item = std::variant<DeadlineDue, BeginSend, BeginReceive, ChunkWritten, RoundLanded, CopiedOut,
                          protocol::ToEmbedding, protocol::ToLanguage>;

/// Completions are taken before messages and calls.
[[nodiscard]] inline bool comes_first(const Item& item) {
    return std::holds_alternative<ChunkWritten>(item) || std::holds_alternative<RoundLanded>(item) ||
           std::holds_alternative<CopiedOut>(item);
}

/// A chunk on its way from one port to another.
struct Flight {
    protocol::AttemptKey attempt;
    std::uint32_t round = 0;
    std::uint64_t bytes = 0;
    Place from = 0;
    Place to = 0;
    std::uint64_t total_tokens = 0;
    bool last = false;    ///< of its round: the immediate follows it
    bool region = false;  ///< its bytes were gathered
};

}  // namespace remit::sim::scale
