#include "tools/doctor/peer/facts.hpp"

#include <remit/error.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/doctor/view.hpp"

namespace remit::tools::doctor {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostText = 1024;
constexpr std::size_t kMostSizes = 64;

[[noreturn]] void not_understood(const std::string& what) {
    throw Error(ErrorKind::environment, "the other end is no remit doctor of this version: " + what);
}

/// Text of the peer goes to a terminal: bounded, and printable ASCII alone.
std::string text_at(const Json& json, const char* name) {
    std::string text = json.at(name).get<std::string>().substr(0, kMostText);
    for (char& c : text) {
        if (c < ' ' || c > '~') c = '?';
    }
    return text;
}

double amount_at(const Json& json, const char* name) {
    const auto value = json.at(name).get<double>();
    if (!std::isfinite(value) || value < 0) not_understood(std::string(name) + " is no amount");
    return value;
}

template <class Read>
auto parsed(const std::string& line, Read read) {
    try {
        const Json json = Json::parse(line);
        if (json.at("remit_doctor").get<int>() != kPeerVersion) not_understood("it speaks another version");
        return read(json);
    } catch (const Json::exception&) {
        not_understood("what it said does not parse");
    }
}

std::string dumped(Json json) {
    json["remit_doctor"] = kPeerVersion;
    return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string netdev_of(const verbs::PortInfo& port, std::uint32_t index) {
    for (const auto& entry : port.gids) {
        if (entry.index == index) return entry.netdev;
    }
    return "";
}

}  // namespace

EndFacts end_facts(const Machine& machine) {
    EndFacts facts;
    try {
        const RdmaFacts& rdma = machine.rdma;
        const auto choice = verbs::choose_device(rdma.devices, machine.wanted.device, rdma.local);
        const verbs::DeviceInfo& device = rdma.devices[choice.index];
        const verbs::PortInfo& port = verbs::choose_port(device, machine.wanted.port);
        const auto gid = verbs::choose_gid(device.name, port, machine.wanted.gid_index, rdma.local);
        facts.device = device.name;
        facts.port = port.number;
        facts.ethernet = port.link_layer == verbs::LinkLayer::ethernet;
        facts.software = is_software(device);
        facts.mtu = port.mtu;
        facts.gid = verbs::is_zero(gid.gid) ? "" : verbs::to_text(gid.gid);
        facts.netdev = netdev_of(port, gid.index);
        facts.gigabits = port_gigabits(machine, device, port).value_or(0);
    } catch (const Error& error) {
        facts.problem = error.what();
    }
    return facts;
}

std::string to_line(const EndFacts& facts) {
    return dumped({{"problem", facts.problem},
                   {"device", facts.device},
                   {"port", facts.port},
                   {"ethernet", facts.ethernet},
                   {"software", facts.software},
                   {"mtu", facts.mtu},
                   {"gid", facts.gid},
                   {"netdev", facts.netdev},
                   {"gigabits", facts.gigabits}});
}

EndFacts end_facts_of(const std::string& line) {
    return parsed(line, [](const Json& json) {
        EndFacts facts;
        facts.problem = text_at(json, "problem");
        facts.device = text_at(json, "device");
        facts.port = json.at("port").get<std::uint32_t>();
        facts.ethernet = json.at("ethernet").get<bool>();
        facts.software = json.at("software").get<bool>();
        facts.mtu = json.at("mtu").get<std::uint32_t>();
        facts.gid = text_at(json, "gid");
        facts.netdev = text_at(json, "netdev");
        facts.gigabits = amount_at(json, "gigabits");
        return facts;
    });
}

std::string to_line(const DirectionMeasured& direction) {
    Json sizes = Json::array();
    for (const SizeMeasured& size : direction.sizes) {
        sizes.push_back({{"bytes", size.bytes}, {"requests", size.requests}, {"seconds", size.seconds}});
    }
    return dumped({{"reason", direction.reason}, {"sizes", std::move(sizes)}});
}

DirectionMeasured direction_of(const std::string& line) {
    return parsed(line, [](const Json& json) {
        DirectionMeasured direction;
        direction.reason = text_at(json, "reason");
        const Json& sizes = json.at("sizes");
        if (!sizes.is_array() || sizes.size() > kMostSizes) not_understood("sizes is no short list");
        for (const Json& size : sizes) {
            direction.sizes.push_back({size.at("bytes").get<std::uint64_t>(), size.at("requests").get<std::uint64_t>(),
                                       amount_at(size, "seconds")});
        }
        return direction;
    });
}

}  // namespace remit::tools::doctor
