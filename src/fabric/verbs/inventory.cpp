#include "fabric/verbs/inventory.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace remit::fabric::verbs {
namespace {

GidType gid_type(std::uint32_t type) {
    switch (type) {
        case IBV_GID_TYPE_IB: return GidType::infiniband;
        case IBV_GID_TYPE_ROCE_V1: return GidType::roce_v1;
        default: return GidType::roce_v2;
    }
}

std::string netdev_name(std::uint32_t index) {
    std::array<char, IF_NAMESIZE> name{};
    return index != 0 && ::if_indextoname(index, name.data()) != nullptr ? name.data() : "";
}

PortInfo describe_port(ibv_context* context, std::uint8_t number) {
    PortInfo port;
    port.number = number;
    ibv_port_attr attributes{};
    if (const int error = ibv_query_port(context, number, &attributes); error != 0) {
        port.state = "cannot be queried: " + std::generic_category().message(error);
        return port;
    }
    port.active = attributes.state == IBV_PORT_ACTIVE;
    port.state = ibv_port_state_str(attributes.state);
    port.link_layer = attributes.link_layer == IBV_LINK_LAYER_ETHERNET ? LinkLayer::ethernet : LinkLayer::infiniband;
    port.lid = attributes.lid;
    port.mtu = 128U << static_cast<unsigned>(attributes.active_mtu);
    port.max_message = attributes.max_msg_sz;
    port.gid_table_length = static_cast<std::uint32_t>(std::max(attributes.gid_tbl_len, 0));
    return port;
}

void read_gids(ibv_context* context, DeviceInfo& device) {
    std::size_t capacity = 0;
    for (const PortInfo& port : device.ports) capacity += port.gid_table_length;
    std::vector<ibv_gid_entry> entries(capacity);
    const auto count = ibv_query_gid_table(context, entries.data(), entries.size(), 0);
    if (count < 0) {
        log().warn("the GID table of {} cannot be read: {}", device.name,
                   std::generic_category().message(static_cast<int>(-count)));
        return;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        const ibv_gid_entry& entry = entries[i];
        for (PortInfo& port : device.ports) {
            if (port.number != entry.port_num) continue;
            GidEntry row{entry.gid_index, gid_type(entry.gid_type), {}, netdev_name(entry.ndev_ifindex)};
            std::memcpy(row.gid.data(), entry.gid.raw, row.gid.size());
            port.gids.push_back(row);
        }
    }
}

/// From the GID table and from the hardware's own folder (InfiniBand: its GIDs name no network device).
void read_netdevs(const ibv_context* context, DeviceInfo& device) {
    const auto add = [&](const std::string& name) {
        const bool known = std::find(device.netdevs.begin(), device.netdevs.end(), name) != device.netdevs.end();
        if (!name.empty() && !known) device.netdevs.push_back(name);
    };
    for (const PortInfo& port : device.ports) {
        for (const GidEntry& entry : port.gids) add(entry.netdev);
    }
    std::error_code missing;
    const std::filesystem::path folder = std::filesystem::path(context->device->ibdev_path) / "device" / "net";
    for (std::filesystem::directory_iterator it(folder, missing), end; !missing && it != end; it.increment(missing)) {
        add(it->path().filename().string());
    }
}

DeviceInfo describe_device(ibv_context* context) {
    DeviceInfo device;
    device.name = ibv_get_device_name(context->device);
    device.iwarp = context->device->transport_type == IBV_TRANSPORT_IWARP;
    ibv_device_attr attributes{};
    if (const int error = ibv_query_device(context, &attributes); error != 0) {
        log().warn("{} cannot be queried: {}", device.name, std::generic_category().message(error));
        return device;
    }
    for (std::uint8_t number = 1; number <= attributes.phys_port_cnt && number != 0; ++number) {
        device.ports.push_back(describe_port(context, number));
    }
    read_gids(context, device);
    read_netdevs(context, device);
    device.place = topology::read_pci_link(std::filesystem::path(context->device->ibdev_path) / "device");
    return device;
}

bool carries(const ifaddrs& entry, const Gid& gid) {
    if (entry.ifa_addr == nullptr) return false;
    if (entry.ifa_addr->sa_family == AF_INET && is_ipv4_mapped(gid)) {
        sockaddr_in address{};
        std::memcpy(&address, entry.ifa_addr, sizeof address);
        return std::memcmp(&address.sin_addr, &gid[12], 4) == 0;
    }
    if (entry.ifa_addr->sa_family == AF_INET6) {
        sockaddr_in6 address{};
        std::memcpy(&address, entry.ifa_addr, sizeof address);
        return std::memcmp(&address.sin6_addr, gid.data(), gid.size()) == 0;
    }
    return false;
}

}  // namespace

Inventory take_inventory() {
    Inventory inventory;
    int count = 0;
    const std::unique_ptr<ibv_device*, decltype(&ibv_free_device_list)> list(ibv_get_device_list(&count),
                                                                             &ibv_free_device_list);
    for (int i = 0; list && i < count; ++i) {
        ibv_device* device = list.get()[i];
        ContextHandle context(ibv_open_device(device));
        if (!context) {
            const int error = errno;
            log().warn("RDMA device {} cannot be opened: {} (look at the rights of /dev/infiniband/uverbs*)",
                       ibv_get_device_name(device), std::generic_category().message(error));
            inventory.unopened.push_back({ibv_get_device_name(device), error});
            continue;
        }
        inventory.devices.push_back(describe_device(context.get()));
        inventory.contexts.push_back(std::move(context));
    }
    return inventory;
}

LocalAddress find_local_address(const std::string& ip) {
    LocalAddress local;
    local.gid = gid_of_ip(ip);
    ifaddrs* list = nullptr;
    if (!local.gid || ::getifaddrs(&list) != 0) return local;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (carries(*entry, *local.gid)) local.netdev = entry->ifa_name;
    }
    ::freeifaddrs(list);
    return local;
}

}  // namespace remit::fabric::verbs
