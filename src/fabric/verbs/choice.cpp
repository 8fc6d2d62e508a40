#include "fabric/verbs/choice.hpp"

#include <spdlog/fmt/fmt.h>
#include <remit/error.hpp>

#include <algorithm>

namespace remit::fabric::verbs {
namespace {

const char* type_name(GidType type) {
    switch (type) {
        case GidType::infiniband: return "InfiniBand";
        case GidType::roce_v1: return "RoCE v1";
        case GidType::roce_v2: return "RoCE v2";
    }
    return "unknown";
}

[[noreturn]] void fail(const std::string& message) {
    throw Error(ErrorKind::environment, message);
}

std::string names(std::span<const DeviceInfo> devices) {
    std::string text;
    for (const DeviceInfo& device : devices) text += (text.empty() ? "" : ", ") + device.name;
    return text;
}

std::string table(const PortInfo& port) {
    if (port.gids.empty()) return "the table is empty";
    std::string text = "set:";
    for (const GidEntry& entry : port.gids) {
        text += fmt::format("{} {} {} ({})", &entry == port.gids.data() ? "" : ",", entry.index, to_text(entry.gid),
                            type_name(entry.type));
    }
    return text;
}

bool has_active_port(const DeviceInfo& device) {
    return std::any_of(device.ports.begin(), device.ports.end(), [](const PortInfo& port) { return port.active; });
}

bool has_gid(const DeviceInfo& device, const Gid& gid) {
    return std::any_of(device.ports.begin(), device.ports.end(), [&](const PortInfo& port) {
        return std::any_of(port.gids.begin(), port.gids.end(), [&](const GidEntry& e) { return e.gid == gid; });
    });
}

bool has_netdev(const DeviceInfo& device, const std::string& netdev) {
    return std::find(device.netdevs.begin(), device.netdevs.end(), netdev) != device.netdevs.end();
}

DeviceChoice named_device(std::span<const DeviceInfo> devices, const std::string& name) {
    const auto found = std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d.name == name; });
    if (found == devices.end()) {
        fail(fmt::format("no RDMA device \"{}\"; there are: {}. Name one of them or none", name, names(devices)));
    }
    if (found->iwarp) {
        fail(
            fmt::format("RDMA device \"{}\" is iWARP, which has no write with immediate: name a RoCE or InfiniBand "
                        "device; there are: {}",
                        name, names(devices)));
    }
    return {static_cast<std::size_t>(found - devices.begin()), "named"};
}

template <class Match>
std::optional<std::size_t> first_where(std::span<const DeviceInfo> devices, Match match) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (!devices[i].iwarp && match(devices[i])) return i;
    }
    return std::nullopt;
}

std::optional<DeviceChoice> nearest_to(std::span<const DeviceInfo> devices, const GpuNeighbourhood& near) {
    std::vector<topology::NicPlace> nics;
    for (const DeviceInfo& device : devices) {
        const bool usable = !device.iwarp && has_active_port(device);
        nics.push_back({device.name, usable ? device.place : std::nullopt});
    }
    const auto nearest = topology::nearest_nic(near.gpu, near.gpus, nics);
    if (!nearest) return std::nullopt;
    std::string reason = fmt::format("nearest to GPU {}: {}", near.gpu.address, topology::to_string(nearest->distance));
    if (nearest->shared != 0) reason += fmt::format("; {} other GPU(s) have it too", nearest->shared);
    return DeviceChoice{nearest->index, std::move(reason)};
}

std::optional<DeviceChoice> owner_of(std::span<const DeviceInfo> devices, const LocalAddress& local) {
    if (!local.gid) return std::nullopt;
    if (const auto i = first_where(devices, [&](const DeviceInfo& d) { return has_gid(d, *local.gid); })) {
        return DeviceChoice{*i, "a GID of it embeds the local address " + to_text(*local.gid)};
    }
    if (local.netdev.empty()) return std::nullopt;
    if (const auto i = first_where(devices, [&](const DeviceInfo& d) { return has_netdev(d, local.netdev); })) {
        return DeviceChoice{*i, "its network device " + local.netdev + " carries the local address"};
    }
    return std::nullopt;
}

GidChoice named_gid(const std::string& device, const PortInfo& port, int index) {
    const auto wanted = static_cast<std::uint32_t>(index);
    if (wanted >= port.gid_table_length) {
        fail(fmt::format("GID index {} is outside the table of {} port {}, which has {} entries; {}", index, device,
                         port.number, port.gid_table_length, table(port)));
    }
    const auto found =
        std::find_if(port.gids.begin(), port.gids.end(), [&](const GidEntry& entry) { return entry.index == wanted; });
    if (found == port.gids.end()) {
        fail(fmt::format("GID index {} of {} port {} is not set; {}", index, device, port.number, table(port)));
    }
    return {found->index, found->gid, fmt::format("index named, {}", type_name(found->type))};
}

/// A route carries eight bits of index.
constexpr std::uint32_t kMaxGidIndex = 255;

template <class Match>
const GidEntry* first_v2(const PortInfo& port, Match match) {
    for (const GidEntry& entry : port.gids) {
        if (entry.index > kMaxGidIndex) continue;
        if (entry.type == GidType::roce_v2 && is_routable(entry.gid) && match(entry.gid)) return &entry;
    }
    return nullptr;
}

}  // namespace

DeviceChoice choose_device(std::span<const DeviceInfo> devices, const std::string& name, const LocalAddress& local,
                           const std::optional<GpuNeighbourhood>& near) {
    if (devices.empty()) {
        fail(
            "no RDMA device: `rdma link` shows none. Load the driver of the adapter, or `modprobe rdma_rxe` and `rdma "
            "link add rxe0 type rxe netdev eth0` for software RoCE, or use --fabric loopback inside one process");
    }
    if (!name.empty()) return named_device(devices, name);
    if (near) {
        if (auto nearest = nearest_to(devices, *near)) return *nearest;
    }
    if (auto owner = owner_of(devices, local)) return *owner;
    std::vector<std::string> active;
    for (const DeviceInfo& device : devices) {
        if (!device.iwarp && has_active_port(device)) active.push_back(device.name);
    }
    const auto first = first_where(devices, has_active_port);
    if (!first) {
        const auto usable = first_where(devices, [](const DeviceInfo&) { return true; });
        if (!usable) fail("no usable RDMA device: only iWARP (no write with immediate) is there: " + names(devices));
        return {*usable, "no device has an active port"};
    }
    if (active.size() == 1) return {*first, "the only device with an active port"};
    return {*first, fmt::format("the first of {} with an active port: {}", active.size(), fmt::join(active, ", "))};
}

const PortInfo& choose_port(const DeviceInfo& device, int port) {
    if (port != 0) {
        const auto found = std::find_if(device.ports.begin(), device.ports.end(),
                                        [&](const PortInfo& candidate) { return candidate.number == port; });
        if (found == device.ports.end()) {
            throw Error(ErrorKind::bad_argument, fmt::format("{} has no port {}: it has {}; 0 takes the first active",
                                                             device.name, port, device.ports.size()));
        }
        if (found->active) return *found;
        fail(
            fmt::format("port {} of {} is not active ({}): look at `rdma link` and at the cable, and bring its "
                        "network device up (`ip link set DEV up`)",
                        port, device.name, found->state));
    }
    std::string states;
    for (const PortInfo& candidate : device.ports) {
        if (candidate.active) return candidate;
        states += fmt::format("{}{} is {}", states.empty() ? "" : ", ", candidate.number, candidate.state);
    }
    fail(
        fmt::format("{} has no active port ({}): look at `rdma link` and at the cable, and bring its network device "
                    "up (`ip link set DEV up`)",
                    device.name, states.empty() ? "it has none" : states));
}

GidChoice choose_gid(const std::string& device, const PortInfo& port, int index, const LocalAddress& local) {
    if (index >= 0) return named_gid(device, port, index);
    if (port.link_layer == LinkLayer::infiniband) return {0, {}, "LID routing"};
    if (local.gid) {
        if (const auto* own = first_v2(port, [&](const Gid& gid) { return gid == *local.gid; })) {
            return {own->index, own->gid, "RoCE v2, the local address"};
        }
    }
    if (const auto* v4 = first_v2(port, is_ipv4_mapped)) return {v4->index, v4->gid, "RoCE v2, IPv4"};
    if (const auto* v6 = first_v2(port, [](const Gid&) { return true; })) return {v6->index, v6->gid, "RoCE v2, IPv6"};
    fail(
        fmt::format("{} port {} has no routable RoCE v2 GID; {}. Give its network device an IP address (`ip address "
                    "add ... dev DEV`), or name an index to use it all the same",
                    device, port.number, table(port)));
}

}  // namespace remit::fabric::verbs
