#pragma once

#include <remit/memory_options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace remit {

enum class FabricKind : std::uint8_t {
    verbs,     ///< libibverbs on a real or soft RDMA device
    loopback,  ///< this process only: both workers must live in it
};

/// Which pieces of a round are copied into a send region before they are sent. With memory of a GPU `automatic` copies
/// every piece: there a copy runs at many times the wire, and the source block can be used again at once.
enum class Gather : std::uint8_t {
    automatic,  ///< small pieces are copied, large registered ones are sent where they lie
    always,     ///< every piece is copied
    never,      ///< registered pieces are sent where they lie, whatever their size
};

/// How the fabric is reached. An empty or negative value is chosen by remit and logged.
struct FabricOptions {
    FabricKind kind = FabricKind::verbs;
    /// RDMA device name; empty: the one that owns the control address, else the first active. Several, separated by commas:
    /// rails, 8 at most. Both sides use the smaller number, paired by index; a round is striped over all of them.
    std::string device{};
    int gid_index = -1;             ///< -1: RoCEv2 routable IPv4-mapped, then IPv6; never link-local unless named
    int port = 0;                   ///< RDMA port, 0: the first active
    std::uint32_t mtu = 0;          ///< path MTU in bytes, 0: the port's
    std::uint8_t traffic_class = 0;
    std::uint8_t service_level = 0;
    std::uint16_t pkey_index = 0;
    std::uint8_t timeout = 14;      ///< verbs ACK timeout exponent: 4.096 µs * 2^timeout
    std::uint8_t retry_count = 6;   ///< 0 … 6; 7 never gives up on some devices
    std::uint8_t rnr_retry = 6;     ///< 0 … 6; 7 would be for ever
    std::uint32_t send_queue_depth = 256;  ///< work requests a queue pair
    std::uint32_t queue_pairs = 1;  ///< a session and rail, 1 … 16; both sides use the smaller number
    bool relaxed_ordering = true;
    bool busy_poll = false;         ///< never sleep: a core a worker
    /// Spins for so long after the last movement, while data is on its way, before it sleeps on the completion channel:
    /// a completion that comes meanwhile costs no wake-up. 0 … 10000.
    std::chrono::microseconds spin{20};
    bool fork_init = false;
    std::string loopback_network = "default";
    std::uint32_t loopback_rails = 1;  ///< 1 … 8
};

/// Deadlines and periods. Every wait has one; it ends in Failed with a reason that names what was awaited, how long and
/// from whom. A worker that answers PING within a second and is silent for five is gone or cut off; an answer to INIT is
/// a round trip; what waits for an encoder, for memory or for a busy wire may take half a minute; all of a request a
/// minute. Shorter ones find a fault sooner and fail a busy peer's rooms more often.
struct TimingOptions {
    std::chrono::milliseconds ping_period{1000};      ///< PING to each live session
    std::chrono::milliseconds peer_silence{5000};     ///< a peer not heard for this long is given up
    std::chrono::milliseconds room_deadline{60000};   ///< receive() to Success, whatever it waits for
    std::chrono::milliseconds register_deadline{30000};  ///< receive() to REGISTERED: the embedding worker may start later
    std::chrono::milliseconds init_deadline{10000};   ///< INIT to the first answer of any kind
    std::chrono::milliseconds park_deadline{30000};   ///< an INIT without `send`, a `send` without INIT or without more of its source
    std::chrono::milliseconds round_deadline{30000};  ///< a round under way of which nothing completes, on either side
    /// All written that was offered but not all of the request, until RESUME, or until the receiver says that it still waits
    /// for blocks or for its user, which it does once a peer_silence, or eight times in its own resume_deadline.
    std::chrono::milliseconds resume_deadline{60000};
    std::chrono::milliseconds memory_deadline{45000}; ///< a room that waits for blocks or credits of its own worker
    std::chrono::milliseconds abort_deadline{5000};   ///< ABORT to ABORTED before the generation is given up
    std::chrono::milliseconds close_deadline{10000};  ///< CLOSE is repeated this long
    /// A room whose deadlines another rank owns: it waits this long and no other deadline of a receiver ends it. At a sender:
    /// how long a receiver may say that it waits.
    std::chrono::milliseconds backstop_deadline{600000};
    std::chrono::milliseconds repeat_first{50};       ///< first repeat of an unanswered message
    std::chrono::milliseconds repeat_most{1000};      ///< repeats back off up to this
};

/// What a worker holds for its users and its peers. Past a limit the call, the room or the peer gets an error with the
/// limit's name and value; nothing is dropped silently.
struct LimitOptions {
    std::uint32_t rooms = 65536;          ///< unfinished rooms a worker, parked sends among them
    std::uint32_t parked = 65536;         ///< parked INITs a worker
    std::uint32_t parked_blocks = 1u << 24;  ///< blocks that parked INITs name, 4 bytes each
    std::uint32_t rejections = 65536;     ///< rooms that reject() answers for, until their park_deadline
    std::uint32_t quarantine = 65536;     ///< failed rooms a language worker whose blocks may still be written into
    std::uint32_t peers = 1024;           ///< sessions a worker
    std::uint32_t generations = 16;       ///< sets of queue pairs a session at an embedding worker
    std::uint32_t attempt_window = 65536; ///< remembered attempts a session
    std::uint32_t attempts = 1u << 18;    ///< ended attempts an embedding worker remembers, half a KiB each, of all sessions
    std::uint32_t credits = 1024;         ///< receives for immediates a language worker, each one round on one queue pair
    std::uint32_t outbox = 10000;         ///< control messages queued a peer
    std::uint32_t message_bytes = 16u << 20;  ///< of a control message; a peer that sends more is cut off
};

/// CURVE keys of the control channel; all empty: none. With keys every connection is encrypted, and a peer without an
/// allowed key is not heard. They do not reach RDMA, which has no keys of that kind.
struct KeyOptions {
    std::string secret_key_file{};  ///< own key pair, by generate_keys() or `remit keygen`; readable by its owner only
    std::string server_key_file{};  ///< language worker: public key of the embedding workers it asks, allowed to answer
    std::string allowed_keys{};     ///< folder of public keys (*.pub) that may connect; looked at once a second
};

/// The control channel of a worker.
struct ControlOptions {
    std::string listen = "tcp://127.0.0.1:0";  ///< port 0: any free one
    std::string advertise{};                     ///< address told to peers where `listen` is a wildcard
    /// Return addresses accepted beside the one a message came from, for peers that advertise another interface.
    std::vector<std::string> allowed_return_addresses{};
    KeyOptions keys{};
    bool insecure = false;                     ///< permits an address off loopback without keys
};

/// What a worker notes down of its own work, for ui.perfetto.dev and `remit trace-merge`; docs/tracing.md says what is in it.
/// Without a file nothing is noted and no clock is read.
struct TraceOptions {
    std::string file{};             ///< written anew, a file for each worker; complete when stop() or the destructor returns
    std::uint32_t records = 32768;  ///< noted and not written yet, 1024 … 4194304 of 136 bytes; more are left out and counted
};

/// What the failure of one language worker means for the others that get a copy of the same room. A rank fails when
/// its worker dies or is silent, when its user aborts, or by one of its deadlines.
enum class OnDeadRank : std::uint8_t {
    fail,  ///< the send fails and with it every rank, told at once: what they do with it they do together
    go_on, ///< the others go on; the send ends with Success where one of them has it all
};

struct EmbeddingWorkerOptions {
    ControlOptions control{};
    FabricOptions fabric{};
    MemoryOptions memory{};
    TimingOptions timing{};
    LimitOptions limits{};
    OnDeadRank on_dead_rank = OnDeadRank::fail;
    Gather gather = Gather::automatic;
    std::uint64_t chunk_bytes = 4u << 20;     ///< a round is cut into chunks of at most this, ≥ 4096
    std::uint32_t send_regions = 4;           ///< ring of send regions, each chunk_bytes; ≥ 2
    /// Chunks that a queue pair holds at once, 1 … 1024. What comes now waits for these at most, whatever is queued
    /// behind them; fewer than two leave the wire idle between chunks.
    std::uint32_t chunks_in_flight = 2;
    std::uint64_t in_place_bytes = 64u << 10; ///< Gather::automatic sends registered pieces of at least this in place
    TraceOptions trace{};
};

/// What a receiver short of blocks does.
enum class MemoryPolicy : std::uint8_t {
    shrink,  ///< takes what there is, down to one block, and resumes again
    wait,    ///< waits until what it needs is free, or all of the pool where it needs more; first come, first served
    fail,    ///< fails where what it needs, or all of the pool where it needs more, is not free at once
};

/// How a first guess is made for rooms that give none (kAutoTokens): so many tokens that a chosen share of requests
/// such as the latest ones needs no resume.
struct GuessOptions {
    double share = 0.75;                    ///< of requests that shall need no resume, 0.01 … 0.999; docs/scale.md has why
    std::uint32_t history = 1024;           ///< latest requests that count, 8 … 65535, however they were asked for
    std::uint64_t first_tokens = 1024;      ///< the guess before 8 lengths are known
    std::uint64_t least_tokens = 1;         ///< bounds of the guess, 1 … 2147483647
    std::uint64_t most_tokens = 2147483647;
    double free_share = 0.25;               ///< of the free blocks that one guess may take, 0.001 … 1; it gets one at least
};

struct LanguageWorkerOptions {
    ControlOptions control{};
    FabricOptions fabric{};
    MemoryOptions memory{};
    TimingOptions timing{};
    LimitOptions limits{};
    MemoryPolicy memory_policy = MemoryPolicy::shrink;
    bool overlap = true;  ///< offers the next round while the last is on the wire, where blocks are free
    GuessOptions guess{};
    /// Each segment's CRC32C a round is reckoned at both ends from the memory of their users and compared before Success:
    /// it finds what the network's and the memories' own checks let through. They are reckoned where the bytes lie: by the
    /// CPU, or by a kernel of the GPU that holds them.
    bool checksum = false;
    TraceOptions trace{};
};

}  // namespace remit
