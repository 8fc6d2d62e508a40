#include "protocol/codec/fields.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <bit>

namespace remit::protocol::codec {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxQueuePairs = std::uint64_t{16} * kMaxRails;
constexpr std::uint64_t kMaxRegistrations = 64;
constexpr std::size_t kMaxCapabilities = 64;
constexpr std::size_t kMaxCapability = 64;

[[noreturn]] void fail_json(std::string_view what) { fail(DecodeFault::bad_json, "json", what); }

const Json& field(const Json& object, const char* name) {
    if (!object.is_object()) fail_json(fmt::format("{}: not in an object", name));
    const auto found = object.find(name);
    if (found == object.end()) fail_json(fmt::format("{} is missing", name));
    return *found;
}

std::uint64_t unsigned_field(const Json& object, const char* name,
                             std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    const Json& value = field(object, name);
    if (!value.is_number_unsigned()) fail_json(fmt::format("{} is not an unsigned integer", name));
    const auto result = value.get<std::uint64_t>();
    if (result > most) fail_json(fmt::format("{} is {}; permitted: up to {}", name, result, most));
    return result;
}

std::string string_field(const Json& object, const char* name, std::size_t most = 256) {
    const Json& value = field(object, name);
    if (!value.is_string()) fail_json(fmt::format("{} is not a string", name));
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > most) fail_json(fmt::format("{} has {} bytes; permitted: {}", name, text.size(), most));
    return printable(text, most);
}

const Json& array_field(const Json& object, const char* name, std::size_t most) {
    const Json& value = field(object, name);
    if (!value.is_array()) fail_json(fmt::format("{} is not an array", name));
    if (value.size() > most) fail_json(fmt::format("{} has {} entries; permitted: {}", name, value.size(), most));
    return value;
}

Json parse(std::string_view text) {
    if (text.size() > kMaxJson) fail(DecodeFault::frame_size, "json", text);
    // The limit on nesting keeps a hostile document from costing more than its bytes.
    const auto shallow = [](int depth, Json::parse_event_t, Json&) {
        if (depth > 16) fail_json("nested deeper than 16");
        return true;
    };
    try {
        return Json::parse(text, shallow);
    } catch (const Json::exception& error) {
        fail_json(error.what());
    }
}

Json gid_json(const std::array<std::uint8_t, 16>& gid) { return fmt::format("{:02x}", fmt::join(gid, "")); }

std::array<std::uint8_t, 16> parse_gid(const std::string& text) {
    std::array<std::uint8_t, 16> gid{};
    const auto nibble = [&](char c) -> unsigned {
        if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
        if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
        fail_json("gid has other than 0-9a-f");
    };
    if (text.size() != 32) fail_json(fmt::format("gid has {} digits; permitted: 32", text.size()));
    for (std::size_t i = 0; i < gid.size(); ++i) {
        gid[i] = static_cast<std::uint8_t>(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    }
    return gid;
}

Json queue_pairs_json(const std::vector<QueuePairAddress>& queue_pairs) {
    Json out = Json::array();
    for (const QueuePairAddress& qp : queue_pairs) {
        out.push_back({{"number", qp.number}, {"psn", qp.psn}, {"mtu", qp.mtu}, {"lid", qp.lid}, {"gid", gid_json(qp.gid)},
                       {"rail", qp.rail}});
    }
    return out;
}

std::uint32_t parse_mtu(const Json& object) {
    const auto mtu = static_cast<std::uint32_t>(unsigned_field(object, "mtu", 4096));
    if (mtu < 256 || !std::has_single_bit(mtu)) {
        fail_json(fmt::format("mtu is {}; permitted: 256, 512, 1024, 2048, 4096", mtu));
    }
    return mtu;
}

std::vector<QueuePairAddress> parse_queue_pairs(const Json& object) {
    std::vector<QueuePairAddress> out;
    for (const Json& qp : array_field(object, "queue_pairs", kMaxQueuePairs)) {
        out.push_back({static_cast<std::uint32_t>(unsigned_field(qp, "number", 0xffffff)),
                       static_cast<std::uint32_t>(unsigned_field(qp, "psn", 0xffffff)),
                       parse_mtu(qp),
                       static_cast<std::uint16_t>(unsigned_field(qp, "lid", 0xffff)),
                       parse_gid(string_field(qp, "gid")),
                       static_cast<std::uint32_t>(unsigned_field(qp, "rail", kMaxRails - 1))});
    }
    if (out.empty()) fail_json("queue_pairs is empty");
    return out;
}

Json limits_json(const PeerLimits& limits) { return {{"max_message", limits.max_message}}; }

PeerLimits parse_limits(const Json& object) {
    const PeerLimits limits{unsigned_field(field(object, "limits"), "max_message")};
    if (limits.max_message == 0) fail_json("max_message is 0");
    return limits;
}

Json layout_json(const Layout::Shape& shape) {
    return {{"block_size", shape.block_size},
            {"hidden", shape.hidden},
            {"dtype", std::string(to_string(shape.dtype))},
            {"deepstack", shape.deepstack},
            {"arrangement", std::string(to_string(shape.arrangement))}};
}

Layout::Shape parse_layout(const Json& object) {
    constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
    const auto dtype = dtype_from(string_field(object, "dtype"));
    const auto arrangement = arrangement_from(string_field(object, "arrangement"));
    if (!dtype) fail_json("dtype is unknown");
    if (!arrangement) fail_json("arrangement is unknown");
    return {static_cast<std::uint32_t>(unsigned_field(object, "block_size", kMost)),
            static_cast<std::uint32_t>(unsigned_field(object, "hidden", kMost)), *dtype,
            static_cast<std::uint32_t>(unsigned_field(object, "deepstack", kMost)), *arrangement};
}

Json pool_json(const BlockMap& pool) {
    Json segments = Json::array();
    for (const SegmentMap& s : pool.segments) {
        segments.push_back(
            {{"block_stride", s.block_stride}, {"plane_stride", s.plane_stride}, {"registration", s.registration}});
    }
    Json registrations = Json::array();
    for (const Registration& r : pool.registrations) {
        registrations.push_back({{"address", r.address}, {"length", r.length}});
    }
    return {{"blocks", pool.blocks}, {"segments", segments}, {"registrations", registrations}};
}

Json rkeys_json(const BlockMap& pool, std::uint32_t rail) {
    Json keys = Json::array();
    for (const Registration& r : pool.registrations) keys.push_back(r.key_on(rail));
    return keys;
}

/// The keys on rails 1, 2, …: a list each.
Json further_rkeys_json(const BlockMap& pool) {
    Json rails = Json::array();
    for (std::uint32_t rail = 1; rail < rails_of(pool); ++rail) rails.push_back(rkeys_json(pool, rail));
    return rails;
}

std::uint32_t parse_rkey(const Json& rkey) {
    if (!rkey.is_number_unsigned() || rkey.get<std::uint64_t>() > 0xffffffffu) fail_json("rkey out of range");
    return rkey.get<std::uint32_t>();
}

void parse_registrations(const Json& pool, const Json& rkeys, BlockMap& map) {
    const Json& registrations = array_field(pool, "registrations", kMaxRegistrations);
    if (registrations.size() != rkeys.size()) fail_json("registrations and rkeys differ in number");
    for (std::size_t i = 0; i < registrations.size(); ++i) {
        map.registrations.push_back({unsigned_field(registrations[i], "address"),
                                     unsigned_field(registrations[i], "length"), parse_rkey(rkeys[i])});
    }
}

void parse_further_rkeys(const Json& object, BlockMap& map) {
    for (const Json& rkeys : array_field(object, "further_rkeys", kMaxRails - 1)) {
        if (!rkeys.is_array() || rkeys.size() != map.registrations.size()) {
            fail_json("registrations and further_rkeys differ in number");
        }
        for (std::size_t i = 0; i < rkeys.size(); ++i) {
            map.registrations[i].further_keys.push_back(parse_rkey(rkeys[i]));
        }
    }
}

BlockMap parse_pool(const Json& object, const Json& rkeys, const Layout::Shape& shape, std::string_view bases) {
    BlockMap map;
    map.blocks = static_cast<std::uint32_t>(unsigned_field(object, "blocks", 0xffffffffu));
    map.block_size = shape.block_size;
    map.arrangement = shape.arrangement;
    const Json& segments = array_field(object, "segments", 8);
    if (bases.size() != segments.size() * sizeof(std::uint64_t)) {
        fail(DecodeFault::frame_size, "base addresses", fmt::format("{} bytes", bases.size()));
    }
    for (std::size_t i = 0; i < segments.size(); ++i) {
        std::uint64_t base = 0;
        for (std::size_t byte = 8; byte-- > 0;) {
            base = base << 8 | static_cast<std::uint8_t>(bases[i * 8 + byte]);
        }
        map.segments.push_back({base, unsigned_field(segments[i], "block_stride"),
                                unsigned_field(segments[i], "plane_stride"),
                                static_cast<std::uint32_t>(unsigned_field(segments[i], "registration", 0xffffffffu))});
    }
    parse_registrations(object, rkeys, map);
    return map;
}

Capabilities parse_capabilities(const Json& object) {
    Capabilities out;
    for (const Json& name : array_field(object, "capabilities", kMaxCapabilities)) {
        if (!name.is_string()) fail_json("a capability is not a string");
        const auto& text = name.get_ref<const std::string&>();
        if (text.size() > kMaxCapability) fail_json(fmt::format("a capability has {} bytes", text.size()));
        out.push_back(printable(text, kMaxCapability));
    }
    return out;
}

}  // namespace

std::string pack_bases(const BlockMap& pool) {
    std::string out;
    for (const SegmentMap& s : pool.segments) {
        for (int byte = 0; byte < 8; ++byte) out += static_cast<char>(s.base >> (8 * byte) & 0xff);
    }
    return out;
}

std::string register_json(const Register& message) {
    const Json out = {{"session", message.id.session},
                      {"generation", message.id.generation},
                      {"layout", layout_json(message.layout)},
                      {"pool", pool_json(message.pool)},
                      {"rkeys", rkeys_json(message.pool, 0)},
                      {"further_rkeys", further_rkeys_json(message.pool)},
                      {"queue_pairs", queue_pairs_json(message.queue_pairs)},
                      {"limits", limits_json(message.limits)},
                      {"capabilities", message.capabilities}};
    return out.dump(-1, ' ', true, Json::error_handler_t::replace);
}

void parse_register(std::string_view bases, std::string_view json, Register& message) {
    const Json object = parse(json);
    if (unsigned_field(object, "session") != message.id.session ||
        unsigned_field(object, "generation") != message.id.generation) {
        fail_json("session and generation differ from session_id");
    }
    message.layout = parse_layout(field(object, "layout"));
    message.pool = parse_pool(field(object, "pool"), array_field(object, "rkeys", kMaxRegistrations), message.layout, bases);
    parse_further_rkeys(object, message.pool);
    message.queue_pairs = parse_queue_pairs(object);
    for (const QueuePairAddress& address : message.queue_pairs) {
        if (address.rail >= rails_of(message.pool)) fail_json(fmt::format("no rkeys for rail {}", address.rail));
    }
    message.limits = parse_limits(object);
    message.capabilities = parse_capabilities(object);
}

std::string registered_json(const Registered& message) {
    Json out = {{"session", message.session},
                {"generation", message.generation},
                {"incarnation", message.incarnation}};
    if (const auto* accepted = std::get_if<Registered::Accepted>(&message.answer)) {
        out["queue_pairs"] = queue_pairs_json(accepted->queue_pairs);
        out["limits"] = limits_json(accepted->limits);
        out["capabilities"] = accepted->capabilities;
    } else if (const auto* refused = std::get_if<Registered::Refused>(&message.answer)) {
        out["error"] = sendable(refused->error);
    } else {
        out["lost"] = sendable(std::get<Registered::Lost>(message.answer).reason);
    }
    return out.dump();
}

Registered parse_registered(std::string_view json) {
    const Json object = parse(json);
    Registered message;
    message.session = unsigned_field(object, "session");
    message.generation = unsigned_field(object, "generation");
    message.incarnation = unsigned_field(object, "incarnation");
    if (object.contains("error")) {
        message.answer = Registered::Refused{string_field(object, "error", kMaxReason)};
    } else if (object.contains("lost")) {
        message.answer = Registered::Lost{string_field(object, "lost", kMaxReason)};
    } else {
        // A peer that tells none has none; whether it can do without is the state machine's to judge.
        message.answer = Registered::Accepted{parse_queue_pairs(object), parse_limits(object),
                                              object.contains("capabilities") ? parse_capabilities(object) : Capabilities{}};
    }
    return message;
}

}  // namespace remit::protocol::codec
