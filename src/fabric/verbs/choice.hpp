#pragma once

#include "fabric/topology/nearest.hpp"
#include "fabric/verbs/address.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Which device, port and GID to use: pure functions on tables, so that they are tested without a device.
namespace remit::fabric::verbs {

enum class LinkLayer : std::uint8_t { infiniband, ethernet };
enum class GidType : std::uint8_t { infiniband, roce_v1, roce_v2 };

struct GidEntry {
    std::uint32_t index = 0;
    GidType type = GidType::roce_v2;
    Gid gid{};
    std::string netdev;  ///< network device it belongs to; empty where unknown
};

struct PortInfo {
    std::uint8_t number = 1;
    bool active = false;
    std::string state;  ///< "PORT_DOWN"
    LinkLayer link_layer = LinkLayer::ethernet;
    std::uint16_t lid = 0;
    std::uint32_t mtu = 1024;            ///< bytes, the active one
    std::uint64_t max_message = 0;       ///< bytes
    std::uint32_t gid_table_length = 0;  ///< entries, empty ones included
    std::vector<GidEntry> gids;          ///< entries that are set
};

struct DeviceInfo {
    std::string name;
    bool iwarp = false;                ///< iWARP has no write with immediate: unusable here
    std::vector<std::string> netdevs;  ///< network devices on the same hardware
    std::vector<PortInfo> ports;
    std::optional<topology::PciPlace> place;  ///< nothing for virtual devices, as soft-RoCE
};

/// The GPU whose memory is moved, and those that want NICs beside it.
struct GpuNeighbourhood {
    topology::PciPlace gpu;
    std::vector<topology::PciPlace> gpus;
};

/// The address the control channel uses.
struct LocalAddress {
    std::optional<Gid> gid;  ///< embeds it; nothing where no address was named
    std::string netdev;      ///< the network device that carries it; empty where none does
};

struct DeviceChoice {
    std::size_t index = 0;
    std::string reason;  ///< for the log
};

/// The named device; else the nearest to the GPU with an active port, if one is given and a device has a place; else the
/// owner of `local`; else the first with an active port.
/// @throws Error(environment): no device, unknown name (with those there), an iWARP device.
[[nodiscard]] DeviceChoice choose_device(std::span<const DeviceInfo> devices, const std::string& name,
                                         const LocalAddress& local,
                                         const std::optional<GpuNeighbourhood>& near = std::nullopt);

/// The port of that number, or with 0 the first active one. @throws Error(environment) where none is active (with the
/// states), Error(bad_argument) for a number the device has not.
[[nodiscard]] const PortInfo& choose_port(const DeviceInfo& device, int port);

struct GidChoice {
    std::uint32_t index = 0;
    Gid gid{};           ///< all zero: LID routing, no global header
    std::string reason;  ///< for the log
};

/// The GID of that index if it is set. With index < 0: on InfiniBand LID routing; on Ethernet the RoCE v2 GID that
/// embeds `local`, else the first routable IPv4-mapped, else the first routable IPv6; never link-local nor RoCE v1.
/// @throws Error(environment) with the table where nothing fits.
[[nodiscard]] GidChoice choose_gid(const std::string& device, const PortInfo& port, int index,
                                   const LocalAddress& local);

}  // namespace remit::fabric::verbs
