#pragma once

#include "plan/pieces.hpp"
#include "protocol/messages.hpp"

#include <string>
#include <variant>
#include <vector>

/// What the sender's state machine asks its driver to do, in this order, before the next event is fed.
namespace remit::protocol::embedding {

/// A send as the driver numbers it; unlike a room it is never reused.
using SendId = std::uint64_t;

struct Tell {
    PeerAddress to;
    std::uint64_t session = 0;  ///< one connection a session: nothing is replayed to a peer's next incarnation
    ToLanguage message;
};

/// The connection to a peer without a live generation is needed no more, once what was told is out.
struct ForgetPeer {
    PeerAddress to;
    std::uint64_t session = 0;
};

/// Build queue pairs towards `remote`; answer with on_built() or on_build_failed().
struct BuildGeneration {
    GenerationKey key;
    std::vector<QueuePairAddress> remote;
    Layout::Shape layout;
    BlockMap pool;  ///< the peer's, checked
    PeerLimits limits;
};

/// Destroy queue pairs; then on_idle() for every attempt of it that had not become idle.
struct DestroyGeneration {
    GenerationKey key;
    std::string reason;
};

/// Queue a round; on_idle() comes once nothing of the attempt is queued or in flight.
struct StartRound {
    AttemptKey key;
    SendId send = 0;
    std::uint32_t round = 0;
    plan::TokenRange range;
    BlockTable blocks;
    std::uint64_t ready = 0;  ///< the source's tokens below this may be read: of the request, not of the round
    bool shared = false;  ///< other language workers get the same tokens: one gather may feed several
};

/// More of the source of an attempt's rounds may be read.
struct MoreReady {
    AttemptKey key;
    std::uint64_t ready = 0;
};

/// Drop what is not posted yet; on_idle() comes when the rest is in.
struct CancelAttempt {
    AttemptKey key;
};

/// Drop what is not posted yet, post the immediates that accepted rounds still lack; then on_idle().
struct CloseRounds {
    AttemptKey key;
};

/// Nothing more will be asked for this attempt.
struct ForgetAttempt {
    AttemptKey key;
};

struct SendStatus {
    SendId send = 0;
    Status status = Status::Bootstrapping;
};

/// The send has ended and nothing reads its source any more.
struct SendFinal {
    SendId send = 0;
    Status status = Status::Failed;
    std::string reason;
    std::uint32_t failed_ranks = 0;  ///< language workers that did not get all of it
    std::uint64_t session = 0;       ///< of the one language worker that took it; 0: none or several
};

using Action = std::variant<Tell, ForgetPeer, BuildGeneration, DestroyGeneration, StartRound, MoreReady, CancelAttempt,
                            CloseRounds, ForgetAttempt, SendStatus, SendFinal>;

}  // namespace remit::protocol::embedding
