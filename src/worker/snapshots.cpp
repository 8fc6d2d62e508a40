#include "worker/snapshots.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace remit::worker {
namespace {

std::chrono::milliseconds since(protocol::Time then, protocol::Time now) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::max(now - then, protocol::Time::zero()));
}

std::string peer_text(const protocol::PeerAddress& peer) {
    if (peer.port == 0) return "";
    return peer.ip.find(':') == std::string::npos ? fmt::format("{}:{}", peer.ip, peer.port)
                                                  : fmt::format("[{}]:{}", peer.ip, peer.port);
}

Error gone() { return {ErrorKind::misuse, "snapshot() of a worker that has ended"}; }

}  // namespace

std::vector<RoomSnapshot> room_snapshots(const std::vector<protocol::RoomView>& views, protocol::Time now) {
    std::vector<RoomSnapshot> rooms;
    rooms.reserve(views.size());
    for (const protocol::RoomView& view : views) {
        rooms.push_back({.room = view.room,
                         .status = view.status,
                         .age = since(view.since, now),
                         .session = view.session,
                         .peer = peer_text(view.peer),
                         .total_tokens = view.total,
                         .tokens = view.tokens,
                         .rounds = view.rounds,
                         .blocks = view.blocks,
                         .waits_for = view.waits_for});
    }
    return rooms;
}

std::vector<SessionSnapshot> session_snapshots(const std::vector<protocol::SessionView>& views, protocol::Time now) {
    std::vector<SessionSnapshot> sessions;
    sessions.reserve(views.size());
    for (const protocol::SessionView& view : views) {
        sessions.push_back({.session = view.session,
                            .peer = peer_text(view.peer),
                            .state = std::string(view.state),
                            .generations = view.generations,
                            .rooms = view.rooms,
                            .silent = view.heard == protocol::kNever ? std::chrono::milliseconds(0) : since(view.heard, now)});
    }
    return sessions;
}

WorkerSnapshot ask_for_snapshot(const std::function<bool(TakeSnapshot)>& post, std::size_t most_rooms,
                                std::chrono::milliseconds patience) {
    auto answer = std::make_shared<std::promise<WorkerSnapshot>>();
    auto taken = answer->get_future();
    if (!post({most_rooms, std::move(answer)})) throw gone();
    if (taken.wait_for(patience) != std::future_status::ready) {
        throw Error(ErrorKind::environment,
                    fmt::format("the worker's thread has not answered within {} ms: a sink that blocks holds it up, or the "
                                "machine is overloaded",
                                patience.count()));
    }
    return taken.get();
}

void refuse(const TakeSnapshot& command) { command.answer->set_exception(std::make_exception_ptr(gone())); }

}  // namespace remit::worker
