#pragma once

#include "base/recycler.hpp"
#include "memory/streams.hpp"
#include "protocol/language/actions.hpp"
#include "worker/inbox.hpp"
#include "worker/outcome.hpp"
#include "worker/snapshots.hpp"

#include <remit/language_worker.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace remit::worker {

/// What happened to a room, as its worker keeps it.
struct PastEvent {
    std::chrono::steady_clock::time_point time;
    std::string_view what;  ///< a literal
    plan::TokenRange range;
    std::uint32_t round = 0;
    std::uint32_t blocks = 0;
    Status status = Status::Bootstrapping;
};

struct LanguageShared;

/// What a room's user and its worker share.
struct RoomRecord {
    RoomRecord() = default;
    explicit RoomRecord(std::shared_ptr<LanguageShared> its_worker);

    const std::shared_ptr<LanguageShared> worker;
    protocol::language::Handle handle = 0;
    RoomId room = 0;
    protocol::PeerAddress embedding;
    Sink sink;  ///< empty: the blocks are kept. The worker's thread alone calls it
    Outcome outcome;
    std::atomic<std::uint64_t> total{0};
    std::atomic<std::uint32_t> rounds{0};
    std::atomic<SenderAnswer> answer{SenderAnswer::none};
    std::atomic<bool> released{false};
    std::atomic<bool> aborted{false};  ///< asked for once, however often its user says so

    // Guarded by outcome.mutex():
    Aux aux{};
    BlockTable table;
    std::pmr::vector<PastEvent> history;
    std::shared_ptr<memory::StreamPoint> moved_out_at;  ///< behind the room's last copy, while that may still run

    void happened(std::string_view what, std::uint32_t round, const plan::TokenRange& range, std::uint32_t blocks, Status status,
                  std::chrono::steady_clock::time_point time = std::chrono::steady_clock::now()) {
        const std::lock_guard lock(outcome.mutex());
        history.push_back({time, what, range, round, blocks, status});
    }
    [[nodiscard]] std::shared_ptr<memory::StreamPoint> moved_out_point() const {
        const std::lock_guard lock(outcome.mutex());
        return moved_out_at;
    }
    /// The device has all the room's copies: whoever waits behind `point` sees all of it. Without a point: on to the end.
    void move_out(std::shared_ptr<memory::StreamPoint> point, const Aux& the_aux) {
        if (point == nullptr) return;
        {
            const std::lock_guard lock(outcome.mutex());
            aux = the_aux;
            moved_out_at = std::move(point);
        }
        outcome.announce();
    }
};

struct BeginReceive {
    std::shared_ptr<RoomRecord> record;
    protocol::language::Request request;
};
struct AbortRoom {
    protocol::language::Handle handle = 0;
    bool dropped = false;  ///< the last handle went away
    std::string reason{};  ///< its user's; empty: none
};
struct ReleaseRoom {
    protocol::language::Handle handle = 0;
};
/// What is under way goes on for `drain`, nothing else is begun.
struct StopLanguage {
    protocol::Time drain{};
};

using LanguageCommand = std::variant<BeginReceive, AbortRoom, ReleaseRoom, StopLanguage, TakeSnapshot>;
using LanguageInbox = Inbox<LanguageCommand>;

/// What a worker shares with the handles of its rooms, which may outlive it.
struct LanguageShared {
    LanguageInbox inbox;
    std::shared_ptr<memory::Streams> streams;  ///< null where no device copies
    SharedRecycler histories;                  ///< memory of what rooms remember
};

inline RoomRecord::RoomRecord(std::shared_ptr<LanguageShared> its_worker)
    : worker(std::move(its_worker)), history(&worker->histories) {}

/// A room of an embedding worker, by its record, which outlives the key: an address for each would cost memory.
struct RoomKey {
    const RoomRecord* record;
    friend bool operator<(const RoomKey& a, const RoomKey& b) {
        return std::tie(a.record->room, a.record->embedding) < std::tie(b.record->room, b.record->embedding);
    }
};

}  // namespace remit::worker

namespace remit {

/// Shared by the copies of one handle; the last one's end aborts an unfinished room and gives kept blocks back.
struct REMIT_LOCAL Reception::State {
    std::shared_ptr<worker::RoomRecord> record;

    explicit State(std::shared_ptr<worker::RoomRecord> r) : record(std::move(r)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();
    void release() const;
};

}  // namespace remit
