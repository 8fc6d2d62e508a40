#pragma once

#include "memory/streams.hpp"
#include "protocol/language/actions.hpp"
#include "worker/inbox.hpp"
#include "worker/outcome.hpp"
#include "worker/snapshots.hpp"

#include <remit/language_worker.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

namespace remit::worker {

/// What a room's user and its worker share.
struct RoomRecord {
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
    std::vector<RoomEvent> history;
    std::shared_ptr<memory::StreamPoint> moved_out_at;  ///< behind the room's last copy, while that may still run

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
