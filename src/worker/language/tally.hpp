#pragma once

#include "metrics/collector.hpp"
#include "metrics/counter.hpp"
#include "metrics/histogram.hpp"
#include "pool/allocator.hpp"
#include "protocol/language/machine.hpp"
#include "protocol/time.hpp"
#include "worker/tally/message_tally.hpp"
#include "worker/tally/room_tally.hpp"
#include "worker/tally/session_tally.hpp"

#include <remit/layout.hpp>

#include <cstdint>

namespace remit::worker::language {

/// How far a room was when, as far as metrics ask for it.
struct RoomTimes {
    Status status = Status::Bootstrapping;  ///< as counted
    bool announced = false;
    bool arrived = false;  ///< its first round
    protocol::Time asked = protocol::kNever;  ///< its first INIT
};

/// What a language worker counts: told by its thread while it does what the state machine asks for, read by any.
class Tally {
public:
    explicit Tally(const Layout& layout) : layout_(layout) {}

    void begin() noexcept { rooms_.begin(); }
    void note(RoomTimes& room, const protocol::language::Note& note, protocol::Time now) noexcept;
    void copied(protocol::Time taken) noexcept { copy_out_.observe(taken); }
    void end(const RoomTimes& room, Status how, std::string_view reason, protocol::Time now) noexcept;
    [[nodiscard]] SessionTally& sessions() noexcept { return sessions_; }

    /// Shows what others count on the worker's thread: before it sleeps, and now and then while it does not.
    void publish(const protocol::language::Machine& machine, const pool::BlockAllocator& pool,
                 std::uint64_t unknown_queue_pairs, Mailbox& mailbox) noexcept;

    void collect(metrics::Collector& collector) const;

private:
    void round_complete(RoomTimes& room, const protocol::language::Note& note, protocol::Time now) noexcept;
    void collect_rounds(metrics::Collector& collector) const;
    void collect_memory(metrics::Collector& collector) const;
    void collect_oddities(metrics::Collector& collector) const;

    const Layout layout_;
    RoomTally rooms_;
    SessionTally sessions_;
    MessageTally messages_;
    metrics::Counter given_back_;
    metrics::Counter rounds_;
    metrics::Counter resumes_;
    metrics::Counter tokens_;
    metrics::Counter bytes_;
    metrics::Histogram announced_;
    metrics::Histogram first_round_;
    metrics::Histogram round_;
    metrics::Histogram copy_out_;
    metrics::Histogram room_;
    metrics::Histogram memory_wait_;

    // Counted by others and shown here.
    metrics::Gauge blocks_;
    metrics::Gauge free_;
    metrics::Gauge quarantined_blocks_;
    metrics::Gauge quarantined_rooms_;
    metrics::Gauge waiting_;
    metrics::Gauge credits_;
    metrics::Gauge guess_;
    metrics::Gauge unknown_immediates_;
    metrics::Gauge stale_answers_;
    metrics::Gauge disagreements_;
    metrics::Gauge mismatches_;
    metrics::Gauge repeated_offers_;
    metrics::Gauge repeated_aborts_;
    metrics::Gauge repeated_registers_;
    metrics::Gauge repeated_closes_;
};

}  // namespace remit::worker::language
