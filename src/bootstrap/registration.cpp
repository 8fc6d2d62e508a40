#include "bootstrap/registration.hpp"

#include <remit/error.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <charconv>

namespace remit::bootstrap {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMostSeconds = 86400;

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorKind::bad_argument, what);
}

Json object_of(const std::string& text) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object()) refuse("the body is no JSON object");
    return json;
}

const Json& field(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) refuse(fmt::format("field {} is missing", name));
    return *found;
}

/// A number, or one in a string, as Python's int() takes it.
std::uint64_t number(const Json& object, const char* name, std::uint64_t least, std::uint64_t most) {
    const Json& value = field(object, name);
    std::uint64_t count = most + 1;
    if (value.is_number_unsigned()) {
        count = value.get<std::uint64_t>();
    } else if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (error != std::errc{} || stop != text.data() + text.size()) count = most + 1;
    }
    if (count >= least && count <= most) return count;
    refuse(fmt::format("field {} is {}; permitted: {} to {}", name, value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 80),
                       least, most));
}

std::string text(const Json& object, const char* name) {
    const Json& value = field(object, name);
    if (!value.is_string()) refuse(fmt::format("field {} is no string", name));
    return value.get<std::string>();
}

std::uint32_t size(const Json& object, const char* name) {
    return static_cast<std::uint32_t>(number(object, name, 1, kMostRanks));
}

std::uint32_t rank_below(const Json& object, const char* name, std::uint32_t size) {
    return static_cast<std::uint32_t>(number(object, name, 0, size - 1));
}

Peer peer_in(const Json& object) {
    Peer peer;
    peer.ip = text(object, "rank_ip");
    peer.port = static_cast<std::uint16_t>(number(object, "rank_port", 1, 65535));
    if (object.contains("public_key")) peer.public_key = text(object, "public_key");
    if (const std::string fault = fault_of(peer); !fault.empty()) refuse(fault);
    return peer;
}

/// Sizes and places named one by one.
void read_places(const Json& object, Registration& registration) {
    const std::uint32_t attn_dp = size(object, "attn_dp_size");
    const std::uint32_t system_dp = size(object, "system_dp_size");
    registration.sizes = {size(object, "attn_tp_size"), system_dp == 1 ? attn_dp : system_dp, size(object, "pp_size")};
    registration.rank.tp = rank_below(object, "attn_tp_rank", registration.sizes.tp);
    registration.rank.dp = system_dp == 1 ? rank_below(object, "attn_dp_rank", attn_dp)
                                          : rank_below(object, "system_dp_rank", system_dp);
    registration.rank.pp = rank_below(object, "pp_rank", registration.sizes.pp);
}

/// One number for all ranks, which data-parallel groups share in equal parts.
void read_engine_rank(const Json& object, Registration& registration) {
    const std::uint32_t all = size(object, object.contains("tp_size") ? "tp_size" : "world_size");
    const std::uint32_t groups = size(object, "dp_size");
    if (all % groups != 0) refuse(fmt::format("field dp_size is {}; permitted: a divisor of all ranks, {}", groups, all));
    const std::uint32_t in_group = all / groups;
    const std::uint32_t engine_rank = rank_below(object, "engine_rank", all);
    registration.sizes = {all, groups, 1};
    registration.rank = {engine_rank % in_group, engine_rank / in_group, 0};
}

}  // namespace

Registration registration_of(const std::string& json) {
    const Json object = object_of(json);
    Registration registration;
    registration.sends = text(object, "role") == "Prefill";
    if (object.contains("engine_rank")) {
        read_engine_rank(object, registration);
    } else {
        read_places(object, registration);
    }
    registration.peer = peer_in(object);
    if (object.contains("ttl_seconds")) {
        registration.lifetime = std::chrono::seconds(number(object, "ttl_seconds", 1, kMostSeconds));
    }
    return registration;
}

std::string to_json(const Registration& registration) {
    Json json{{"role", registration.sends ? "Prefill" : "Decode"},
              {"attn_tp_size", registration.sizes.tp},
              {"attn_tp_rank", registration.rank.tp},
              {"attn_dp_size", registration.sizes.dp},
              {"attn_dp_rank", registration.rank.dp},
              {"pp_size", registration.sizes.pp},
              {"pp_rank", registration.rank.pp},
              {"system_dp_size", 1},
              {"system_dp_rank", 0},
              {"rank_ip", registration.peer.ip},
              {"rank_port", registration.peer.port}};
    if (!registration.peer.public_key.empty()) json["public_key"] = registration.peer.public_key;
    if (registration.lifetime) json["ttl_seconds"] = registration.lifetime->count();
    return json.dump();
}

std::string to_json(const Peer& peer) {
    Json json{{"rank_ip", peer.ip}, {"rank_port", peer.port}};
    if (!peer.public_key.empty()) json["public_key"] = peer.public_key;
    return json.dump();
}

Peer peer_of(const std::string& json) {
    return peer_in(object_of(json));
}

}  // namespace remit::bootstrap
