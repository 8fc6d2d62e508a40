#pragma once

#include "protocol/views.hpp"

#include <remit/snapshot.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <vector>

namespace remit::worker {

/// Asks a worker's thread for a snapshot: it answers between two steps.
struct TakeSnapshot {
    std::size_t most_rooms = 0;
    std::shared_ptr<std::promise<WorkerSnapshot>> answer;
};

[[nodiscard]] std::vector<RoomSnapshot> room_snapshots(const std::vector<protocol::RoomView>& views, protocol::Time now);
[[nodiscard]] std::vector<SessionSnapshot> session_snapshots(const std::vector<protocol::SessionView>& views,
                                                             protocol::Time now);

/// Asks and waits. @param post hands the command over; false: the worker is gone
/// @throws Error(misuse) after the worker's end, Error(environment) where its thread has not answered in `patience`.
[[nodiscard]] WorkerSnapshot ask_for_snapshot(const std::function<bool(TakeSnapshot)>& post, std::size_t most_rooms,
                                              std::chrono::milliseconds patience);
/// Of a worker that has ended: whoever waits is told.
void refuse(const TakeSnapshot& command);

}  // namespace remit::worker
