#pragma once

#include "plan/round.hpp"
#include "protocol/config.hpp"
#include "sim/random.hpp"

#include <remit/layout.hpp>
#include <remit/options.hpp>

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remit::sim {

enum class Fault : std::uint8_t {
    loss,            ///< control connections break: some of what is under way is lost, the rest comes late
    duplicate,       ///< a message comes again, later
    sender_error,    ///< a queue pair of a sender goes to ERR at any write
    receiver_error,  ///< a queue pair of a receiver does
    crash_embedding,
    crash_language,
    stop_embedding,  ///< an orderly end, and a new life
    stop_language,
    abort_language,
    abort_embedding,
    reject_room,      ///< the embedding user says that a room never comes
    no_send,          ///< `send` never comes
    refuse_register,  ///< layouts differ
    refuse_sink,
    disagree,     ///< ranks of one room name different required_dst_info_num
    build_error,  ///< queue pairs cannot be made
    jump,         ///< time passes while nothing runs
    stall,        ///< a wire stands still, and nobody is told
    slow_sink,    ///< a user takes long to say where the tensors go
    no_ready,     ///< the rest of a source never becomes ready
    take_nothing,  ///< an embedding worker is broken: it gives each INIT back, or loses its queue pairs at it
    corrupt,      ///< a byte of a write lands as another; only where checksums are compared
};
inline constexpr std::size_t kFaults = 22;
[[nodiscard]] std::string_view to_string(Fault fault) noexcept;

/// A driver that does wrong on purpose, to see that the checks bite.
enum class Sabotage : std::uint8_t {
    none,
    destroy_late,     ///< says that queue pairs are destroyed before they are
    immediate_first,  ///< posts a round's immediate before its data
    drop_immediate,   ///< leaves out the immediate of the last queue pair
    idle_early,       ///< says that an attempt is idle while its writes are on the wire
    copied_early,     ///< says that a round is copied out before it is
    lose_write,       ///< leaves out a write
    write_too_far,    ///< writes a byte more than planned
    aux_of_last,      ///< reads aux from another block than asked for
};
inline constexpr std::size_t kSabotages = 9;
[[nodiscard]] std::string_view to_string(Sabotage sabotage) noexcept;

struct EmbeddingSettings {
    std::uint32_t block_size = 1;
    std::uint32_t queue_pairs = 1;
    OnDeadRank on_dead_rank = OnDeadRank::fail;
};

struct LanguageSettings {
    std::uint32_t block_size = 1;
    std::uint32_t blocks = 1;
    std::uint32_t queue_pairs = 1;
    std::uint32_t credits = 1;
    Arrangement arrangement = Arrangement::segments;
    bool overlap = true;
    MemoryPolicy policy = MemoryPolicy::shrink;
};

/// One small world, drawn from the seed.
struct Settings {
    Layout::Shape shape;  ///< block size set by each worker
    std::vector<EmbeddingSettings> embeddings;
    std::vector<LanguageSettings> languages;
    plan::RoundSettings round;
    protocol::Timing timing;
    std::uint32_t send_queue_depth = 1;
    std::uint32_t window = 64;     ///< ended attempts that a sender remembers: the last of each session
    std::uint32_t remembered = 64;  ///< and so many of all sessions
    std::uint32_t sends_at_once = 1;
    std::uint32_t kept_percent = 0;
    std::uint32_t progressive_percent = 0;  ///< sends whose source becomes ready bit by bit
    std::uint32_t rooms = 1;
    std::uint64_t most_tokens = 1;
    std::uint32_t steps = 30;  ///< with faults
    std::uint32_t retries = 0;
    bool checksum = false;
    std::bitset<kFaults> faults;
    Sabotage sabotage = Sabotage::none;

    [[nodiscard]] bool has(Fault fault) const { return faults.test(static_cast<std::size_t>(fault)); }
    [[nodiscard]] std::string describe() const;
};

/// One tick of the simulated clock.
inline constexpr protocol::Time kTick = std::chrono::milliseconds(1);

/// Names for --scenario; "mixed" is what is drawn without one.
[[nodiscard]] std::vector<std::string_view> scenario_names();
/// @throws Error(bad_argument) naming the permitted scenarios.
[[nodiscard]] Settings draw_settings(Random& random, std::string_view scenario);

}  // namespace remit::sim
