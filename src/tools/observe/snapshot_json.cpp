#include "tools/observe/snapshot_json.hpp"

#include <remit/error.hpp>

#include <array>
#include <nlohmann/json.hpp>

#include "tools/cli/option_spec.hpp"

namespace remit::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<Status, 5> kStatuses{Status::Failed, Status::Bootstrapping, Status::WaitingForInput, Status::Transferring,
                                          Status::Success};

Json room_json(const RoomSnapshot& room) {
    return {{"room", std::to_string(room.room)},
            {"status", to_string(room.status)},
            {"age_ms", room.age.count()},
            {"session", std::to_string(room.session)},
            {"peer", room.peer},
            {"total_tokens", room.total_tokens},
            {"tokens", room.tokens},
            {"rounds", room.rounds},
            {"blocks", room.blocks},
            {"waits_for", room.waits_for}};
}

Json session_json(const SessionSnapshot& session) {
    return {{"session", std::to_string(session.session)}, {"peer", session.peer},   {"state", session.state},
            {"generations", session.generations},         {"rooms", session.rooms}, {"silent_ms", session.silent.count()}};
}

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorKind::refused, "what came from the status socket is no worker's status: " + why +
                                        "; is it a worker of this version?");
}

std::uint64_t id_of(const Json& json, const char* field) {
    const auto id = number_of(json.at(field).get<std::string>());
    if (!id) refuse(std::string(field) + " is no number");
    return *id;
}

Status status_of(const Json& json) {
    const auto name = json.at("status").get<std::string>();
    for (const Status status : kStatuses) {
        if (to_string(status) == name) return status;
    }
    refuse("a status is " + name.substr(0, 60));
}

std::chrono::milliseconds time_of(const Json& json, const char* field) {
    return std::chrono::milliseconds(json.at(field).get<std::int64_t>());
}

RoomSnapshot room_of(const Json& json) {
    return {.room = id_of(json, "room"),
            .status = status_of(json),
            .age = time_of(json, "age_ms"),
            .session = id_of(json, "session"),
            .peer = json.at("peer").get<std::string>(),
            .total_tokens = json.at("total_tokens").get<std::uint64_t>(),
            .tokens = json.at("tokens").get<std::uint64_t>(),
            .rounds = json.at("rounds").get<std::uint32_t>(),
            .blocks = json.at("blocks").get<std::uint32_t>(),
            .waits_for = json.at("waits_for").get<std::string>()};
}

SessionSnapshot session_of(const Json& json) {
    return {.session = id_of(json, "session"),
            .peer = json.at("peer").get<std::string>(),
            .state = json.at("state").get<std::string>(),
            .generations = json.at("generations").get<std::uint32_t>(),
            .rooms = json.at("rooms").get<std::uint64_t>(),
            .silent = time_of(json, "silent_ms")};
}

WorkerSnapshot worker_of(const Json& json) {
    WorkerSnapshot snapshot{.worker = json.at("worker").get<std::string>(),
                            .endpoint = json.at("endpoint").get<std::string>(),
                            .device = json.at("device").get<std::string>(),
                            .uptime = time_of(json, "uptime_ms"),
                            .pool_blocks = json.at("pool_blocks").get<std::uint32_t>(),
                            .free_blocks = json.at("free_blocks").get<std::uint32_t>(),
                            .quarantined_blocks = json.at("quarantined_blocks").get<std::uint32_t>(),
                            .unfinished = json.at("unfinished").get<std::uint64_t>(),
                            .waiting = json.at("waiting").get<std::uint64_t>(),
                            .rooms = {},
                            .sessions = {}};
    for (const Json& room : json.at("rooms")) snapshot.rooms.push_back(room_of(room));
    for (const Json& session : json.at("sessions")) snapshot.sessions.push_back(session_of(session));
    return snapshot;
}

}  // namespace

Json to_json(const WorkerSnapshot& snapshot) {
    Json json{{"worker", snapshot.worker},
              {"endpoint", snapshot.endpoint},
              {"device", snapshot.device},
              {"uptime_ms", snapshot.uptime.count()},
              {"pool_blocks", snapshot.pool_blocks},
              {"free_blocks", snapshot.free_blocks},
              {"quarantined_blocks", snapshot.quarantined_blocks},
              {"unfinished", snapshot.unfinished},
              {"waiting", snapshot.waiting},
              {"rooms", Json::array()},
              {"sessions", Json::array()}};
    for (const RoomSnapshot& room : snapshot.rooms) json["rooms"].push_back(room_json(room));
    for (const SessionSnapshot& session : snapshot.sessions) json["sessions"].push_back(session_json(session));
    return json;
}

std::vector<WorkerSnapshot> snapshots_from_json(const std::string& text) {
    try {
        const Json json = Json::parse(text);
        // A worker that cannot say how it stands says why.
        if (json.is_object() && json.contains("error")) {
            throw Error(ErrorKind::environment, json.at("error").get<std::string>());
        }
        std::vector<WorkerSnapshot> workers;
        for (const Json& worker : json.at("workers")) workers.push_back(worker_of(worker));
        return workers;
    } catch (const nlohmann::json::exception& error) {
        refuse(error.what());
    }
}

}  // namespace remit::tools
