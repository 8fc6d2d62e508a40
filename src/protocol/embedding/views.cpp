// How sends and sessions stand, for people who look.

#include "protocol/embedding/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::embedding {
namespace {

const Attempt* attempt_of(const std::pmr::map<std::uint64_t, Session>& sessions, const AttemptKey& key) {
    const auto session = sessions.find(key.session);
    if (session == sessions.end()) return nullptr;
    const auto attempt = session->second.attempts.find(key.attempt);
    return attempt == session->second.attempts.end() ? nullptr : &attempt->second;
}

std::string waits_for(const SendRecord& send, const Attempt* slowest) {
    if (send.state == SendRecord::State::failing) return "what is on the wire to end; it fails: " + send.reason;
    if (slowest == nullptr) return "a language worker to ask for it";
    if (send.ready < slowest->accepted_end()) {
        return fmt::format("Send::ready(): {} of {} tokens may be read", send.ready, send.total);
    }
    if (send.takers.size() + send.missing < send.required) {
        return fmt::format("{} of {} language workers to ask for it", send.required - send.takers.size() - send.missing,
                           send.required);
    }
    return slowest->all_written() ? "RESUME: more blocks of the language worker" : "the wire";
}

}  // namespace

RoomView Machine::view_of(const SendRecord& send) const {
    RoomView view{.room = send.room, .status = send.status, .since = send.begun, .total = send.total};
    const Attempt* slowest = nullptr;
    for (const AttemptKey& key : send.takers) {
        const Attempt* attempt = attempt_of(sessions_, key);
        if (attempt == nullptr || attempt->state == AttemptState::ended) continue;
        if (slowest == nullptr || attempt->folded < slowest->folded) slowest = attempt;
    }
    if (slowest != nullptr) {
        view.session = slowest->id.session;
        view.peer = sessions_.at(slowest->id.session).address;
        view.rounds = slowest->folded;
        view.tokens = slowest->folded == 0 ? 0 : slowest->rounds[slowest->folded - 1].range.end();
    }
    view.waits_for = waits_for(send, slowest);
    return view;
}

std::vector<RoomView> Machine::oldest_sends(std::size_t most) const {
    std::vector<const SendRecord*> sends;
    for (const auto& [id, send] : sends_) sends.push_back(&send);
    const std::size_t count = std::min(most, sends.size());
    // Sends are numbered as they come.
    std::partial_sort(sends.begin(), sends.begin() + static_cast<std::ptrdiff_t>(count), sends.end(),
                      [](const SendRecord* a, const SendRecord* b) { return a->id < b->id; });
    std::vector<RoomView> views;
    for (std::size_t i = 0; i < count; ++i) views.push_back(view_of(*sends[i]));
    return views;
}

std::vector<SessionView> Machine::session_views() const {
    std::vector<SessionView> views;
    for (const auto& [id, session] : sessions_) {
        SessionView view{.session = id,
                         .peer = session.address,
                         .generations = static_cast<std::uint32_t>(session.generations.size()),
                         .rooms = session.unfinished.size()};
        for (const auto& [number, generation] : session.generations) {
            if (!generation.answer) {
                if (view.state == "idle") view.state = "opening";
                continue;
            }
            view.state = "up";
            view.heard = view.heard == kNever ? generation.heard : std::max(view.heard, generation.heard);
        }
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace remit::protocol::embedding
