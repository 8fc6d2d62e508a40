#include "trace/rooms.hpp"

#include <algorithm>

namespace remit::trace {
namespace {

constexpr std::string_view kCategory = "room";

}  // namespace

Rooms::Room* Rooms::at(std::uint64_t handle) {
    const auto found = rooms_.find(handle);
    return found == rooms_.end() ? nullptr : &found->second;
}

RoundTrack* Rooms::round_at(Room& room, const AttemptId& of, std::uint32_t number) {
    const auto found = room.rounds.find({of, number});
    return found == room.rounds.end() ? nullptr : &found->second;
}

void Rooms::link(const AttemptId& of, std::uint64_t handle, Room& room) {
    if (attempts_.emplace(of, std::pair{handle, room.room}).second) room.attempts.push_back(of);
}

std::string Rooms::name_of(const AttemptId& of) const {
    const auto found = attempts_.find(of);
    return found != attempts_.end() ? fmt::format("room {}", found->second.second) : fmt::format("attempt {}", of.attempt);
}

void Rooms::take(const Message& message) {
    if (message.type != MessageType::init || !message.sent || attempts_.count(message.of) != 0) return;
    const auto offer = last_init_.find(message.room);
    if (offer == last_init_.end()) return;
    if (Room* room = at(offer->second)) link(message.of, offer->second, *room);
    last_init_.erase(offer);
}

void Rooms::take(const RoomMoment& moment) {
    if (moment.step == RoomStep::begun) {
        Room& room = rooms_[moment.handle];
        room.room = moment.room;
        room.copies = moment.copies;
        if (role_ == Role::embedding) room.total = moment.tokens;
        return enter_phase(room, moment.time);
    }
    Room* room = at(moment.handle);
    if (room == nullptr) return;  // its beginning was left out
    switch (moment.step) {
        case RoomStep::begun: break;
        case RoomStep::init:
            last_init_[room->room] = moment.handle;
            [[fallthrough]];
        case RoomStep::resume: offer(*room, moment); break;
        case RoomStep::met: room->total = moment.tokens; break;
        case RoomStep::round_complete:
            room->complete += moment.tokens;
            if (RoundTrack* round = round_at(*room, {}, moment.round)) round->tokens = moment.tokens;
            if (!room->copies) end_round(*room, moment.handle, {{}, moment.round}, moment.time, "");
            break;
        case RoomStep::copied_out:
            room->copied += moment.tokens;
            end_round(*room, moment.handle, {{}, moment.round}, moment.time, "");
            break;
        case RoomStep::given_back: give_back(*room, moment.handle, moment.time); break;
    }
    enter_phase(*room, moment.time);
}

void Rooms::offer(Room& room, const RoomMoment& moment) {
    room.asked = true;
    if (moment.step == RoomStep::init) room.offered = 0;
    if (moment.tokens == 0) return;  // asks for the length alone
    room.offered = std::max(room.offered, moment.first_token + moment.tokens);
    RoundTrack& round = room.rounds[{{}, moment.round}];
    round = {};
    round.begin = moment.time;
    round.first_token = moment.first_token;
    round.tokens = moment.tokens;
    round.blocks = moment.blocks;
}

void Rooms::give_back(Room& room, std::uint64_t handle, Nanoseconds time) {
    while (!room.rounds.empty()) end_round(room, handle, room.rounds.begin()->first, time, "given back");
    if (role_ == Role::language) room.total = 0;
    room.offered = room.complete = room.copied = 0;
    room.asked = false;
}

void Rooms::take(const RoundMoment& moment) {
    if (moment.step == RoundStep::accepted) {
        Room* room = at(moment.handle);
        if (room == nullptr) return;
        link(moment.of, moment.handle, *room);
        RoundTrack& round = room->rounds[{moment.of, moment.round}];
        round.begin = moment.time;
        round.first_token = moment.first_token;
        round.tokens = moment.tokens;
        round.blocks = moment.blocks;
        return enter_phase(*room, moment.time);
    }
    const auto attempt = attempts_.find(moment.of);
    Room* room = attempt == attempts_.end() ? nullptr : at(attempt->second.first);
    if (room == nullptr) return;
    if (moment.step == RoundStep::written) {
        end_round(*room, attempt->second.first, {moment.of, moment.round}, moment.time, "");
        return enter_phase(*room, moment.time);
    }
    // What arrives late, of an attempt that was given back, is none of the present one's.
    RoundTrack* round = room->attempts.back() == moment.of ? round_at(*room, {}, moment.round) : nullptr;
    if (round == nullptr) return;
    (moment.step == RoundStep::arrived ? round->arrived : round->visible) = moment.time;
}

void Rooms::take(const CopyOut& copy) {
    Room* room = at(copy.handle);
    RoundTrack* round = room == nullptr ? nullptr : round_at(*room, {}, copy.round);
    if (round == nullptr) return;
    round->copy_begin = copy.begin;
    round->copy_end = copy.end;
}

void Rooms::end_round(Room& room, std::uint64_t handle, const RoundKey& key, Nanoseconds time, std::string_view how) {
    const auto found = room.rounds.find(key);
    if (found == room.rounds.end()) return;
    const auto& [of, number] = key;
    const std::string id = role_ == Role::language
                               ? fmt::format("{}.{}", handle, number)
                               : fmt::format("{}.{}.{}.{}", of.session, of.generation, of.attempt, number);
    write_round(file_, fmt::format("room {} round {}", room.room, number), id, found->second, time, how);
    room.rounds.erase(found);
}

std::string_view Rooms::phase_of(const Room& room) const {
    if (role_ == Role::embedding) {
        if (!room.rounds.empty()) return "writing";
        return room.attempts.empty() ? "waiting for INIT" : "waiting for RESUME";
    }
    if (!room.asked) return "waiting for the session";
    if (room.total == 0) return "waiting for the length";
    if (room.complete < std::min(room.offered, room.total)) return "rounds on the wire";
    const bool moving = room.copies && room.copied < room.complete;
    if (room.complete >= room.total) return moving ? "moving out" : "all there";
    return moving ? "moving out" : "waiting for memory";
}

void Rooms::enter_phase(Room& room, Nanoseconds time) {
    const std::string_view phase = phase_of(room);
    if (room.phases.empty() || room.phases.back().name != phase) room.phases.push_back({phase, time});
}

void Rooms::take(const RoomEnd& end) {
    Room* room = at(end.handle);
    if (room == nullptr) return;
    std::string args = fmt::format(R"("status":"{}","tokens":{})", to_string(end.status), end.tokens);
    if (end.reason[0] != 0) args += fmt::format(R"(,"reason":{})", json_text(end.reason.data()));
    write(*room, end.handle, end.time, args);
    rooms_.erase(end.handle);
}

void Rooms::close(Nanoseconds time) {
    for (auto& [handle, room] : rooms_) write(room, handle, time, R"("status":"unfinished")");
    rooms_.clear();
}

void Rooms::write(Room& room, std::uint64_t handle, Nanoseconds time, const std::string& args) {
    while (!room.rounds.empty()) end_round(room, handle, room.rounds.begin()->first, time, "unfinished");
    const std::string id = fmt::format("{}", handle);
    const std::string name = fmt::format("room {}", room.room);
    file_.async_begin(kCategory, id, room.phases.front().begin, name, fmt::format(R"("room":"{}",{})", room.room, args));
    for (std::size_t i = 0; i < room.phases.size(); ++i) {
        const Nanoseconds end = i + 1 < room.phases.size() ? room.phases[i + 1].begin : time;
        file_.async(kCategory, id, room.phases[i].begin, end, room.phases[i].name, "");
    }
    file_.async_end(kCategory, id, time, name);
    for (const AttemptId& of : room.attempts) attempts_.erase(of);
    if (const auto offer = last_init_.find(room.room); offer != last_init_.end() && offer->second == handle) {
        last_init_.erase(offer);
    }
}

}  // namespace remit::trace
