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
#include <optional>
#include <string_view>
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

/// What a room's user and its worker share.
struct RoomRecord {
    RoomRecord() = default;
    /// `memory` serves the histories of a worker's rooms.
    explicit RoomRecord(std::shared_ptr<SharedRecycler> memory) : history_memory(std::move(memory)), history(history_memory.get()) {}

    protocol::language::Handle handle = 0;
    protocol::language::Request request;
    std::optional<Sink> sink;  ///< the worker's thread alone calls it
    Outcome outcome;
    std::atomic<std::uint64_t> total{0};
    std::atomic<std::uint32_t> rounds{0};
    std::atomic<SenderAnswer> answer{SenderAnswer::none};
    std::atomic<bool> released{false};
    std::atomic<bool> aborted{false};  ///< asked for once, however often its user says so

    mutable std::mutex mutex;  ///< guards what follows
    Aux aux{};
    BlockTable table;
    std::shared_ptr<SharedRecycler> history_memory;
    std::pmr::vector<PastEvent> history;
    std::shared_ptr<memory::StreamPoint> moved_out_at;  ///< behind the room's last copy, while that may still run

    void happened(std::string_view what, std::uint32_t round, const plan::TokenRange& range, std::uint32_t blocks, Status status,
                  std::chrono::steady_clock::time_point time = std::chrono::steady_clock::now()) {
        const std::lock_guard lock(mutex);
        history.push_back({time, what, range, round, blocks, status});
    }
    [[nodiscard]] std::shared_ptr<memory::StreamPoint> moved_out_point() const {
        const std::lock_guard lock(mutex);
        return moved_out_at;
    }
    /// The device has all the room's copies: whoever waits behind `point` sees all of it. Without a point: on to the end.
    void move_out(std::shared_ptr<memory::StreamPoint> point, const Aux& the_aux) {
        if (point == nullptr) return;
        {
            const std::lock_guard lock(mutex);
            aux = the_aux;
            moved_out_at = std::move(point);
        }
        outcome.announce();
    }
};

struct BeginReceive {
    std::shared_ptr<RoomRecord> record;
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

}  // namespace remit::worker

namespace remit {

/// Shared by the copies of one handle; the last one's end aborts an unfinished room and gives kept blocks back.
struct REMIT_LOCAL Reception::State {
    std::shared_ptr<worker::RoomRecord> record;
    std::shared_ptr<worker::LanguageInbox> inbox;
    std::shared_ptr<memory::Streams> streams;  ///< null where no device copies

    State(std::shared_ptr<worker::RoomRecord> r, std::shared_ptr<worker::LanguageInbox> i,
          std::shared_ptr<memory::Streams> s)
        : record(std::move(r)), inbox(std::move(i)), streams(std::move(s)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();
    void release() const;
};

}  // namespace remit
