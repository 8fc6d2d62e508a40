#pragma once

#include "plan/pieces.hpp"
#include "protocol/messages.hpp"
#include "protocol/time.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What the receiver's state machine asks its driver to do, in this order, before the next event is fed.
namespace remit::protocol::language {

/// One receive() as the driver numbers it; unlike a room it is never reused.
using Handle = std::uint64_t;

struct Tell {
    PeerAddress to;
    GenerationKey key;  ///< one connection a generation: nothing is replayed to a restarted peer
    ToEmbedding message;
};

/// Create queue pairs; answer with on_created() or on_create_failed().
struct CreateGeneration {
    GenerationKey key;
    PeerAddress embedding;
};

/// Connect the first remote.size() queue pairs; on_connect_failed() where that fails.
struct ConnectGeneration {
    GenerationKey key;
    std::vector<QueuePairAddress> remote;
};

/// Queue pairs to ERR, their completions taken (on_immediate()), then destroyed, receives recounted; then on_destroyed().
struct DestroyGeneration {
    GenerationKey key;
    std::string reason;
};

/// The connection to a peer is needed no more.
struct ForgetPeer {
    PeerAddress peer;
    GenerationKey key;
};

/// Poll the completion queue until it is empty (on_immediate()), then on_dry().
struct PollDry {
    GenerationKey key;
};

/// Every immediate of a round is in: make its data visible to whoever reads it, read the aux from `aux_block` where
/// the round is the first; then on_visible().
struct MakeVisible {
    AttemptKey key;
    std::uint32_t round = 0;
    bool with_aux = false;
    BlockId aux_block = 0;
    BlockTable kept;  ///< the round's blocks where they stay the user's: visible means in them
};

/// Ask the sink for its tensors; answer with on_sink().
struct AskSink {
    Handle handle = 0;
    std::uint64_t total_tokens = 0;
};

/// Copy a round out of its blocks into the sink's tensors; then on_copied().
struct CopyOut {
    AttemptKey key;
    Handle handle = 0;
    std::uint32_t round = 0;
    plan::TokenRange range;
    BlockTable blocks;
    Aux aux{};  ///< the request's; known once all its rounds are complete
};

/// Reckon the checksums of a complete round: in the sink's tensors where it was moved out, else in `blocks`; then
/// on_checksum().
struct Checksum {
    AttemptKey key;
    Handle handle = 0;
    std::uint32_t round = 0;
    plan::TokenRange range;
    BlockTable blocks;  ///< empty: in the sink
    Aux aux{};          ///< of the request, as its user will get it
};

/// What the embedding worker says of the room has changed.
struct Answered {
    Handle handle = 0;
    SenderAnswer answer = SenderAnswer::none;
};

/// Something for the room's history, and its present status.
struct Note {
    Handle handle = 0;
    std::uint64_t session = 0;  ///< of its attempt; 0: it has none
    Status status = Status::Bootstrapping;
    std::string_view what;  ///< a literal
    std::uint32_t round = 0;
    plan::TokenRange range;
    std::uint32_t blocks = 0;
    Time waited{};  ///< of "RESUME": for blocks or credits, zero where they were there at once; of "round complete": since its offer
};

struct Final {
    Handle handle = 0;
    Status status = Status::Failed;
    std::string reason;
    std::uint64_t total_tokens = 0;
    Aux aux{};
    BlockTable table;  ///< kept blocks, the user's until on_release()
};

using Action = std::variant<Tell, CreateGeneration, ConnectGeneration, DestroyGeneration, ForgetPeer, PollDry,
                            MakeVisible, AskSink, CopyOut, Checksum, Answered, Note, Final>;

}  // namespace remit::protocol::language
