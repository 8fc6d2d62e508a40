#pragma once

#include "base/queue_pair_address.hpp"
#include "layout/block_map.hpp"
#include "plan/checksums.hpp"
#include "protocol/capabilities.hpp"
#include "protocol/keys.hpp"

#include <remit/layout.hpp>
#include <remit/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The control messages as values; codec.hpp turns them into frames and back. The positions of frames 0 to 7 are fixed.
namespace remit::protocol {

inline constexpr const char* kVersion = "remit/1";
/// Blocks that one INIT or RESUME may name.
inline constexpr std::size_t kMaxBlocksOfMessage = std::size_t{1} << 20;

/// `session.generation.attempt.incarnation`: attempt 0 outside rooms; incarnation is the embedding worker's, 0
/// before REGISTERED.
struct SessionId {
    std::uint64_t session = 0;
    std::uint64_t generation = 0;
    std::uint64_t attempt = 0;
    std::uint64_t incarnation = 0;
    auto operator<=>(const SessionId&) const = default;
    [[nodiscard]] AttemptKey attempt_key() const noexcept { return {session, generation, attempt}; }
    [[nodiscard]] GenerationKey generation_key() const noexcept { return {session, generation}; }
};

/// The least that a peer may set for PeerLimits::max_message: a round into one that took less would be cut into more writes
/// than there is memory to plan them.
inline constexpr std::uint64_t kLeastMaxMessage = 4096;

/// What a worker can take; both sides obey the smaller.
struct PeerLimits {
    std::uint64_t max_message = 0;  ///< bytes of one write
    bool operator==(const PeerLimits&) const = default;
};

struct Register {
    PeerAddress from{};  ///< stamped by the sender's driver
    SessionId id;
    Layout::Shape layout;
    BlockMap pool;  ///< remote keys
    std::vector<QueuePairAddress> queue_pairs;
    PeerLimits limits;
    Capabilities capabilities;
};

/// A REGISTER of another version: all that is known of it is whom to refuse.
struct ForeignRegister {
    PeerAddress from{};
    SessionId id;         ///< zeros where it is none of ours
    std::string version;  ///< printable, at most 60 characters; empty where there is none
};

struct Registered {
    struct Accepted {
        std::vector<QueuePairAddress> queue_pairs;
        PeerLimits limits;
        Capabilities capabilities;
    };
    struct Refused {
        std::string error;
    };
    struct Lost {
        std::string reason;
    };
    std::uint64_t session = 0;
    std::uint64_t generation = 0;
    std::uint64_t incarnation = 0;
    std::variant<Accepted, Refused, Lost> answer;
};

struct Init {
    RoomId room = 0;
    PeerAddress from{};  ///< stamped by the sender's driver
    SessionId id;
    BlockTable blocks;
    std::uint32_t required_dst_info_num = 1;
    std::uint64_t allocated_tokens = 0;
};

struct Resume {
    RoomId room = 0;
    PeerAddress from{};  ///< stamped by the sender's driver
    SessionId id;
    BlockTable blocks;
    std::uint32_t required_dst_info_num = 1;
    std::uint64_t sent_tokens = 0;
    std::uint64_t allocated_tokens = 0;
};

struct StatusReport {
    RoomId room = 0;
    Status status = Status::Bootstrapping;
    std::uint64_t rounds = 0;        ///< rounds written
    std::uint64_t sent_tokens = 0;   ///< end of the rounds written
    std::uint64_t total_tokens = 0;  ///< 0 while unknown
    std::string reason;
    SessionId id;
    SenderAnswer answer = SenderAnswer::none;  ///< none: not told, as the peer would not understand it
    plan::Checksums checksums{};               ///< of the rounds written, folded; empty: not told
};

enum class AbortKind : std::uint8_t { abort, yield };

struct Abort {
    RoomId room = 0;
    PeerAddress from{};  ///< stamped by the sender's driver
    SessionId id;
    AbortKind kind = AbortKind::abort;
    std::string reason{};  ///< empty: not told
};

struct Aborted {
    RoomId room = 0;
    bool drained = true;                   ///< `aborted`, else `undrained`
    std::optional<std::uint64_t> rounds;   ///< rounds accepted; nothing (-1 on the wire): the attempt left the window
    SessionId id;
};

struct Close {
    PeerAddress from{};  ///< stamped by the sender's driver
    SessionId id;
    std::string reason;
};

struct Ping {
    PeerAddress from{};  ///< stamped by the sender's driver
    SessionId id;
    std::uint64_t sequence = 0;
    std::uint64_t sent_ns = 0;  ///< sender's monotonic clock
};

struct Pong {
    PeerAddress from{};  ///< stamped by the sender's driver
    SessionId id;
    std::uint64_t sequence = 0;
    std::uint64_t ping_ns = 0;  ///< the PING's, echoed
    std::uint64_t pong_ns = 0;  ///< the answerer's own clock
};

using ToEmbedding = std::variant<Register, ForeignRegister, Init, Resume, Abort, Close, Ping, Pong>;
using ToLanguage = std::variant<Registered, StatusReport, Aborted, Ping, Pong>;

}  // namespace remit::protocol
